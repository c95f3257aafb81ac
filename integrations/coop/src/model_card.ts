/** The model card that Coop shows, with figures of `figures.ts`. */

import type { ModelCard, ModelCardField } from "./contract.js";
import { KNOWN_PHOTO, MADE_BY_AI, MEASURED, MODEL, THRESHOLDS_VERSION } from "./figures.js";

const percent = (rate: number) => `${Number((rate * 100).toFixed(1))} %`;

function field(label: string, value: string): ModelCardField {
  return { label, value };
}

const atThresholds = Object.entries(MADE_BY_AI).map(
  ([name, { score, falsePositiveRate, heldOut }]) => {
    const { real, madeByAi } = heldOut.originals;
    const value =
      `Stated: ${percent(falsePositiveRate)} of real photos reach it. Of held-out sources, photos as ` +
      `they are: ${percent(real)} of real ones, ${percent(madeByAi)} of those made by AI.`;
    return field(`Score ${score} (${name})`, value);
  },
);

const measured = Object.entries(MEASURED).map(([photos, { auroc, suspect }]) =>
  field(
    `Photos never trained on: ${photos}`,
    `AUROC ${auroc}; at ${MADE_BY_AI.suspect.score}: ${percent(suspect.real)} of real photos, ` +
      `${percent(suspect.madeByAi)} of those made by AI.`,
  ),
);

const found = Object.entries(KNOWN_PHOTO.foundPercent).map(([edit, share]) =>
  field(`Copies found: ${edit}`, `${share} %`),
);

export const modelCard: ModelCard = {
  modelName: `photocheck, ${MODEL}`,
  version: THRESHOLDS_VERSION,
  releaseDate: "November 2026",
  sections: [
    {
      id: "trainingData",
      title: "Training Data",
      fields: [
        field(
          "Photos",
          "Real photos and portraits made by AI of several hundred public sources, as they are and " +
            "worn as reposts are. docs/model-card.md names the sources and their shares.",
        ),
        field(
          "Known photos",
          "Nobody trains on banked photos: they are compared by PDQ hashes of several views.",
        ),
      ],
    },
    {
      id: "policyAndTaxonomy",
      title: "Policy and Taxonomy",
      fields: [
        field(
          "Made by AI",
          "A photo whose face AI made as a whole. An edited or retouched photo is none, nor is a swap.",
        ),
        field(
          "Known photo",
          "A copy of a photo in a bank of your own or one that is shared with you. Pictures are " +
            "compared, not people: no face is recognised.",
        ),
        field(
          "No number",
          "A photo that cannot be judged (no face, too blurred, drawn, too little detail) or " +
            "compared (no bank yet) has no score, and the condition comes out as errored.",
        ),
      ],
    },
    {
      id: "annotationMethodology",
      title: "Annotation Methodology",
      fields: [
        field(
          "Labels",
          "By source: what the makers of a collection say. Quiz collections with unreliable labels " +
            "train, but no error rate rests on them.",
        ),
        field("Copies", "Made by the program: photos edited in 39 ways that were fixed before."),
      ],
    },
    {
      id: "performanceBenchmarks",
      title: "Performance Benchmarks",
      fields: [
        ...atThresholds,
        ...measured,
        ...found,
        field(
          "Wrong matches",
          `At most ${KNOWN_PHOTO.falseMatchRate * 1e6} in a million pairs of different photos.`,
        ),
      ],
    },
    {
      id: "biasAndLimitations",
      title: "Bias and Limitations",
      fields: [
        field("Signal, not proof", "No sign of AI does not prove that a photo is real."),
        field(
          "Generators",
          "Stable Diffusion is mostly missed, and face swaps are not found at all.",
        ),
        field(
          "People",
          "Of people over 65 and of those that UTKFace calls Black, more real photos pass the " +
            "threshold than stated; the numbers are small. docs/model-card.md has them by group.",
        ),
        field("Attacks", "Noise, grey, a watermark or a photographed screen hide more photos."),
        field(
          "Series",
          "Photos of one series, taken from one spot, can match by what stands behind the people.",
        ),
      ],
    },
    {
      id: "implementationGuidance",
      title: "Implementation Guidance",
      fields: [
        field(
          "Made by AI: automatic action",
          `At or above ${MADE_BY_AI.fake.score}, which ` +
            `${percent(MADE_BY_AI.fake.falsePositiveRate)} of real photos reach. Few photos made ` +
            "by AI do. What a hit is worth depends on how many of your photos are made by AI.",
        ),
        field(
          "Made by AI: review by people",
          `At or above ${MADE_BY_AI.unsure.score}, or ${MADE_BY_AI.suspect.score} for fewer.`,
        ),
        field(
          "Known photo",
          "The higher threshold for what the field's distance of " +
            `${KNOWN_PHOTO.distanceMax} bits decides and your reviewers confirmed; the lower one ` +
            "for all that is listed.",
        ),
        field(
          "Where photos are fetched",
          "The service fetches them by URL: it needs fetch_urls, and the photos an address that " +
            "it can reach. It keeps none.",
        ),
      ],
    },
    {
      id: "relevantLinks",
      title: "Relevant Links",
      fields: [
        field("Model card", "docs/model-card.md of the photocheck repository"),
        field("Matching", "docs/matching.md of the photocheck repository"),
        field("Answers and policies", "docs/answers.md of the photocheck repository"),
        field("Contract of this package", "https://github.com/roostorg/coop"),
      ],
    },
  ],
};
