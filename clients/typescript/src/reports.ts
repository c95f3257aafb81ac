/** The report on one photo, as the service writes it. Codes are plain texts: new ones may come. */

export type Verdict = "clear" | "inconclusive" | "suspect" | "fake";
export type Purpose = "known_fake" | "allow" | "seen";
export type Opinion = "confirmed" | "unsure" | "disputed";

/** The answer on one photo. Equal bytes and versions have an equal report. */
export interface Report {
  photo: PhotoFacts;
  verdict: Verdict;
  answers: Answers;
  reasons: Reason[];
  evidence: Evidence;
  hashes: Hashes;
  versions: Versions;
}

/** What the file was. */
export interface PhotoFacts {
  sha256: string;
  format: "jpeg" | "png" | "webp" | "gif" | "heic";
  width: number;
  height: number;
  animation?: { frames: number; judged: number };
}

/** The answers are the same by every policy; the verdict is what the policy makes of them. */
export interface Answers {
  made_by_ai: MadeByAi;
  known_photo: KnownPhoto;
  seen_elsewhere?: SeenElsewhere;
}

/** Was the photo made by AI? */
export interface MadeByAi {
  answer: "declared" | "likely" | "unsure" | "no_sign" | "not_judged";
  code?: string;
  message: string;
  reasons: string[];
  false_positive_rate: number | null;
}

/** Is the photo a copy of a known one? */
export interface KnownPhoto {
  answer: "match" | "unsure" | "allowed" | "no_match" | "not_compared";
  code?: string;
  message: string;
  reasons: string[];
  false_match_rate: number | null;
}

/** Do other accounts show the photo? */
export interface SeenElsewhere {
  answer: "yes" | "no";
  other_accounts: number;
  message: string;
  reasons: string[];
  false_positive_rate: number | null;
}

/** One reason for the answers and the verdict. */
export interface Reason {
  code: string;
  message: string;
  value?: number;
  threshold?: number;
  false_positive_rate?: number;
  false_match_rate?: number;
  weight: Verdict;
}

/** What the verdict rests on. */
export interface Evidence {
  known_photo: { state: "compared"; hashes: number } | { state: "not_compared"; code: string };
  matches: Match[];
  seen?: { bank: string; other_accounts: number; since?: number };
  synthetic: Synthetic;
  provenance: Mark[];
}

/** A banked photo of which this one is a copy. */
export interface Match {
  bank: string;
  purpose: Purpose;
  imported: boolean;
  content_id: number;
  opinion: Opinion;
  signal: string;
  distance: number;
  view: string;
  mirrored: boolean;
  banked_view: string;
  region: Box;
}

/** What the detector of synthetic faces says. */
export type Synthetic =
  | {
      state: "evaluated";
      /** Of the most suspicious face, 0 to 1. */
      score: number;
      face: Box;
      faces: Face[];
      stability?: { variants: number; lowest: number; highest: number };
      heat_map?: { region: Box; rows: number[][] };
    }
  | { state: "not_applicable"; code: string; faces: Face[] }
  | { state: "unable_to_evaluate"; code: string };

/** One face of the photo. */
export interface Face {
  box: Box;
  state: string;
  score?: number;
  code?: string;
}

/** A rectangle in fractions of the photo's width and height. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** What the file says about its origin. */
export interface Mark {
  kind: string;
  claim: string;
  claimed_by?: string;
  trusted: boolean;
  detail: { [name: string]: string };
}

/** What the photo is compared by, hexadecimal. */
export interface Hashes {
  pdq: string;
  pdq_quality: number;
  gradient: string;
}

/** What the answer depends on besides the photo. */
export interface Versions {
  program: string;
  model: string;
  policy: { name: string; version: string; thresholds: string };
  index: number;
}
