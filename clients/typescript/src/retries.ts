/** When a call that was not answered is sent again. */

import { NotReached, ProblemError } from "./errors.js";

/** How often a call is sent, and for how long: no attempt begins after that. */
export interface Retries {
  attemptsMax: number;
  secondsMax: number;
}

export const RETRIES: Retries = { attemptsMax: 5, secondsMax: 120 };

/** Statuses by which the service, or a proxy before it, asks for another attempt. */
const AGAIN = [429, 502, 503, 504];

/** An attempt before is being done; the next one is answered with what comes of it. */
const UNDER_WAY = "IDEMPOTENCY_KEY_IN_USE";

const PAUSE_FIRST_S = 0.5;
const PAUSE_MAX_S = 30;

/**
 * Seconds before the next attempt; `undefined` when there is none. `chance` is a random number from 0
 * to 1, so that callers that failed together do not come back together.
 */
export function pauseS(
  retries: Retries,
  failure: unknown,
  attempt: number,
  spentS: number,
  chance: number,
): number | undefined {
  let askedS: number | undefined;
  if (failure instanceof ProblemError) {
    if (!AGAIN.includes(failure.status) && failure.code !== UNDER_WAY) {
      return undefined;
    }
    askedS = failure.retryAfterS;
  } else if (!(failure instanceof NotReached)) {
    return undefined;
  }
  if (retries.attemptsMax <= attempt) {
    return undefined;
  }
  const grownS = Math.min(PAUSE_FIRST_S * 2 ** (attempt - 1), PAUSE_MAX_S);
  // Never before the time that the service named; without one, between half and all of it.
  const pause = askedS === undefined ? grownS * (0.5 + chance / 2) : askedS + chance * 0.5;
  return spentS + pause <= retries.secondsMax ? pause : undefined;
}
