/** What a report amounts to as one number, for rules that compare it with a threshold. */

import type { Report } from "photocheck";

import { KNOWN_PHOTO, MADE_BY_AI, MODEL } from "./figures.js";

/** Bits of a PDQ hash. */
const BITS = 256;

/** Just below a threshold, as far as scores have digits. */
const BELOW = 0.0001;

/** How alike photos are at this distance, 0 to 1. */
export function similarity(distance: number): number {
  return 1 - distance / BITS;
}

/** There is no number, and why. */
export class NoScore extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(`${code}: ${message}`);
    this.name = "NoScore";
  }
}

/**
 * Was it made by AI? The detector's score, but never on the other side of a threshold than the answer,
 * which also heeds how stable the score is; 1 where the file itself says so.
 */
export function madeByAi(report: Report): number {
  const { answer, code = "NOT_JUDGED", message } = report.answers.made_by_ai;
  const { synthetic } = report.evidence;
  if (answer === "declared") {
    return 1;
  }
  // Thresholds, here and in rules, are of one model's scores.
  if (report.versions.model !== MODEL) {
    const what = `the service judges by ${report.versions.model}, these thresholds are of ${MODEL}`;
    throw new NoScore("OTHER_MODEL", what);
  }
  if (answer === "not_judged" || synthetic.state !== "evaluated") {
    throw new NoScore(code, message);
  }
  if (answer === "unsure") {
    return Math.min(synthetic.score, MADE_BY_AI.suspect.score - BELOW);
  }
  if (answer === "no_sign") {
    return Math.min(synthetic.score, MADE_BY_AI.unsure.score - BELOW);
  }
  return synthetic.score;
}

/**
 * Is it a known photo? How alike it and the nearest known fake are; below the stricter threshold where
 * it is unsure whether that belongs on its list, and 0 where nothing counts against the photo.
 */
export function knownPhoto(report: Report): number {
  const { answer, code = "NOT_COMPARED", message } = report.answers.known_photo;
  if (answer === "not_compared") {
    throw new NoScore(code, message);
  }
  if (answer === "no_match" || answer === "allowed") {
    return 0;
  }
  const against = report.evidence.matches.filter(
    ({ purpose, opinion }) =>
      purpose === "known_fake" && (answer === "unsure" || opinion === "confirmed"),
  );
  const nearest = Math.min(...against.map(({ distance }) => distance), KNOWN_PHOTO.distanceWideMax);
  const alike = similarity(nearest);
  return answer === "unsure" ? Math.min(alike, similarity(KNOWN_PHOTO.distanceMax + 1)) : alike;
}
