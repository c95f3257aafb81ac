/** photocheck in ROOST Coop: two numbers about a photo, for rules. */

import type { Context, Manifest, Plugin, Result, Signal } from "./contract.js";
import { KNOWN_PHOTO, MADE_BY_AI } from "./figures.js";
import { modelCard } from "./model_card.js";
import { knownPhoto, madeByAi, NoScore, similarity } from "./scores.js";
import { readSettings, report } from "./service.js";

const VERSION = "0.1.0";

const outputType = { scalarType: "NUMBER" } as const;

/** What is different between the two. */
interface Kind {
  type: string;
  displayName: string;
  description: string;
  highPrecisionThreshold: number;
  highRecallThreshold: number;
  score: typeof madeByAi;
}

const KINDS: readonly Kind[] = [
  {
    type: "PHOTOCHECK_MADE_BY_AI",
    displayName: "photocheck: made by AI",
    description:
      "From 0 to 1: how much the face in a photo speaks for AI; 1 where the file itself says so. " +
      "A photo without a face that can be judged has no score.",
    highPrecisionThreshold: MADE_BY_AI.fake.score,
    highRecallThreshold: MADE_BY_AI.unsure.score,
    score: madeByAi,
  },
  {
    type: "PHOTOCHECK_KNOWN_PHOTO",
    displayName: "photocheck: known photo",
    description:
      "From 0 to 1: how alike the photo and the nearest known fake of your banks are, after crops, " +
      "mirrors and frames too; 0 where it is a copy of none, or of an allowed photo.",
    highPrecisionThreshold: similarity(KNOWN_PHOTO.distanceMax),
    highRecallThreshold: similarity(KNOWN_PHOTO.distanceWideMax),
    score: knownPhoto,
  },
];

export const manifest: Manifest = {
  id: "PHOTOCHECK",
  name: "photocheck",
  version: VERSION,
  description:
    "Is a profile photo made by AI, or a copy of a known one? From a service of your own.",
  requiresConfig: true,
  configurationFields: [
    {
      key: "serviceUrl",
      label: "Address of the photocheck service",
      required: false,
      inputType: "text",
      placeholder: "https://photocheck.example.org",
      description: "Not used where whoever runs Coop set PHOTOCHECK_URL.",
    },
    {
      key: "apiKey",
      label: "API key",
      required: false,
      inputType: "password",
      placeholder: "pck_live_…",
      description: "With the scope check. A service without keys needs none.",
    },
  ],
  signalTypeIds: KINDS.map(({ type }) => type),
  modelCard,
};

export function createSignals(context: Context): { signalTypeId: string; signal: Signal }[] {
  return KINDS.map((kind) => ({ signalTypeId: kind.type, signal: signal(kind, context) }));
}

function signal(kind: Kind, { integrationId, getCredential }: Context): Signal {
  const { type, displayName, description, highPrecisionThreshold, highRecallThreshold } = kind;
  return {
    id: { type },
    displayName,
    description,
    docsUrl: null,
    recommendedThresholds: { highPrecisionThreshold, highRecallThreshold },
    supportedLanguages: "ALL",
    pricingStructure: { type: "FREE" },
    eligibleInputs: ["IMAGE"],
    outputType,
    // A model scores the photo, on a machine of your own.
    getCost: () => 20,
    needsMatchingValues: false,
    eligibleSubcategories: [],
    needsActionPenalties: false,
    integration: integrationId,
    allowedInAutomatedRules: true,

    async run(input): Promise<Result> {
      const { orgId, photoUrl } = readInput(input);
      const settings = readSettings(await getCredential(orgId));
      if (typeof settings === "string") {
        throw new Error(settings);
      }
      try {
        return { outputType, score: kind.score(await report(settings, photoUrl)) };
      } catch (error) {
        // The same photo has none later either; what failed otherwise is thrown on.
        if (error instanceof NoScore) {
          return { outputType, type: "ERROR", score: error };
        }
        throw error;
      }
    },

    async getDisabledInfo(orgId) {
      const settings = readSettings(await getCredential(orgId));
      return typeof settings === "string"
        ? { disabled: true, disabledMessage: settings }
        : { disabled: false };
    },
  };
}

/** What Coop passes for an image: `{ orgId, value: { type: "IMAGE", value: { url } } }`. */
function readInput(input: unknown): { orgId: string; photoUrl: string } {
  const { orgId, value } = (input ?? {}) as {
    orgId?: unknown;
    value?: { value?: { url?: unknown } };
  };
  const photoUrl = value?.value?.url;
  if (typeof orgId !== "string" || typeof photoUrl !== "string") {
    throw new TypeError("this signal takes an image with a URL, of an organisation");
  }
  return { orgId, photoUrl };
}

const plugin: Plugin = { manifest, createSignals };

export default plugin;
