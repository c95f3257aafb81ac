/** What can go wrong with a call. */

/** Any error of this package. */
export class PhotocheckError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/**
 * The service answered with a problem: docs/errors.md has every code. An answer that is no problem, as
 * a proxy may send, has the code `HTTP_` and its status.
 */
export class ProblemError extends PhotocheckError {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    /** How long the service asks to wait, in seconds. */
    readonly retryAfterS?: number | undefined,
    /** By which the operator finds the call in the log. */
    readonly requestId?: string | undefined,
  ) {
    super(`${status} ${code}: ${detail}`);
  }

  /** The problem of an answer that is no success. */
  static async of(response: Response): Promise<ProblemError> {
    const { status, headers, statusText } = response;
    const retryAfterS = readRetryAfter(headers.get("retry-after"), Date.now());
    const requestId = headers.get("x-request-id") ?? undefined;
    const kind = headers.get("content-type") ?? "";
    const text = await response.text().catch(() => "");
    if (kind.startsWith("application/problem+json")) {
      try {
        const { code, detail } = JSON.parse(text) as { code: unknown; detail: unknown };
        return new ProblemError(status, String(code), String(detail), retryAfterS, requestId);
      } catch {
        // Cut off on its way: the status says enough.
      }
    }
    return new ProblemError(status, `HTTP_${status}`, statusText, retryAfterS, requestId);
  }
}

/** The service could not be reached, or did not answer in time. */
export class NotReached extends PhotocheckError {}

/** The answer is a success and not what a photocheck service answers. */
export class NotUnderstood extends PhotocheckError {}

/** A check was not finished in the time that was to be waited for it. It goes on. */
export class NotFinished extends PhotocheckError {}

/** A message that is not the service's, was changed, or is too old. */
export class NotVerified extends PhotocheckError {}

/** Seconds, or a date; `undefined` for anything else. */
export function readRetryAfter(text: string | null, nowMs: number): number | undefined {
  if (text === null) {
    return undefined;
  }
  if (/^\d+$/.test(text.trim())) {
    return Number(text);
  }
  // Dates have letters; Date.parse would take "-7" for one, too.
  const atMs = /^[A-Z][a-z]/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(atMs) ? undefined : Math.max(0, (atMs - nowMs) / 1000);
}
