/** A photocheck service. */

import { NotFinished, NotReached, NotUnderstood, ProblemError } from "./errors.js";
import { isUrl, toBlob, type Photo, type PhotoUrl, type Upload } from "./photos.js";
import type { Opinion, Purpose, Report } from "./reports.js";
import type {
  Added,
  Bank,
  Check,
  Checks,
  Content,
  Contents,
  Endpoint,
  Registered,
} from "./resources.js";
import { pauseS, RETRIES, type Retries } from "./retries.js";

/** A check takes a minute at most, and the photo has to arrive before. */
const ATTEMPT_MAX_S = 90;

const ASK_FIRST_S = 0.1;
const ASK_MAX_S = 5;

export interface ClientOptions {
  /** An API key, or the token of the banks. */
  key?: string | undefined;
  retries?: Partial<Retries> | undefined;
  /** How long one attempt may take. */
  attemptMaxS?: number | undefined;
  /** Another `fetch`, for a proxy or a test. */
  fetch?: typeof fetch | undefined;
}

/** What is sent. */
interface Call {
  method: "GET" | "POST" | "DELETE";
  path: string;
  query?: { [name: string]: string };
  json?: unknown;
  form?: FormData;
  /** Of a call that makes something. */
  idempotencyKey?: string | undefined;
}

export class Client {
  readonly #url: string;
  readonly #key: string | undefined;
  readonly #retries: Retries;
  readonly #attemptMaxS: number;
  readonly #fetch: typeof fetch;

  constructor(url: string, options: ClientOptions = {}) {
    this.#url = url.replace(/\/+$/, "");
    this.#key = options.key;
    this.#retries = { ...RETRIES, ...options.retries };
    this.#attemptMaxS = options.attemptMaxS ?? ATTEMPT_MAX_S;
    // Browsers call it on the window only.
    this.#fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));
  }

  /** Checks a photo at once. */
  check(photo: Photo, { accountId }: { accountId?: string } = {}): Promise<Report> {
    // It makes nothing, so it may be sent again as it is, and its answer need not be kept.
    const call: Call = { method: "POST", path: "/v1/check" };
    if (isUrl(photo)) {
      return this.#send({ ...call, json: { url: photo.url, account_id: accountId } });
    }
    const form = formOf({ account_id: accountId });
    form.append("photo", toBlob(photo), "photo");
    return this.#send({ ...call, form });
  }

  /**
   * Has up to 500 photos checked later. All are accepted, or none. Name an `idempotencyKey` of your
   * own to be able to send the call again after a crash.
   */
  startChecks(
    uploads: readonly Upload[],
    { callbackUrl, idempotencyKey }: { callbackUrl?: string; idempotencyKey?: string } = {},
  ): Promise<Checks> {
    if (uploads.length === 0) {
      throw new TypeError("there is no photo to check");
    }
    if (uploads.every(({ photo }) => isUrl(photo))) {
      const checks = uploads.map(({ photo, externalId, accountId }) => ({
        url: (photo as PhotoUrl).url,
        external_id: externalId,
        account_id: accountId,
      }));
      const json = { checks, callback_url: callbackUrl };
      return this.#send(post("/v1/checks", { json, idempotencyKey }));
    }
    const form = formOf({ callback_url: callbackUrl });
    for (const { photo, externalId, accountId } of uploads) {
      if (isUrl(photo)) {
        throw new TypeError("a call names URLs or has photos, not both");
      }
      // Each text counts for the photo after it.
      fill(form, { external_id: externalId, account_id: accountId });
      form.append("photo", toBlob(photo), "photo");
    }
    return this.#send(post("/v1/checks", { form, idempotencyKey }));
  }

  /** How far a check is. */
  showCheck(checkId: string): Promise<Check> {
    return this.#send({ method: "GET", path: `/v1/checks/${part(checkId)}` });
  }

  /** How far the checks of a call are. */
  listChecks(batchId: string): Promise<Checks> {
    return this.#send({ method: "GET", path: "/v1/checks", query: { batch_id: batchId } });
  }

  /** Asks until the check is done or failed. */
  waitForCheck(checkId: string, { timeoutS = 300 } = {}): Promise<Check> {
    return until(timeoutS, `check ${checkId}`, async () => {
      const check = await this.showCheck(checkId);
      return check.state === "waiting" ? undefined : check;
    });
  }

  /** Asks until each check of a call is done or failed. */
  waitForChecks(batchId: string, { timeoutS = 300 } = {}): Promise<Checks> {
    return until(timeoutS, `call ${batchId}`, async () => {
      const checks = await this.listChecks(batchId);
      return checks.checks.some(({ state }) => state === "waiting") ? undefined : checks;
    });
  }

  /** Says whether a verdict was right. Saying it again replaces it. */
  giveFeedback(checkId: string, right: boolean, note = ""): Promise<Check> {
    return this.#send(post(`/v1/checks/${part(checkId)}/feedback`, { json: { right, note } }));
  }

  /** Disputes a verdict, once. */
  appeal(checkId: string, reason: string): Promise<Check> {
    return this.#send(post(`/v1/checks/${part(checkId)}/appeal`, { json: { reason } }));
  }

  /** Decides that a disputed verdict stands. */
  uphold(checkId: string, reason: string): Promise<Check> {
    return this.#send(post(`/v1/checks/${part(checkId)}/uphold`, { json: { reason } }));
  }

  /** Decides that a disputed verdict was wrong: nothing flags the photo again. */
  overturn(checkId: string, reason: string): Promise<Check> {
    return this.#send(post(`/v1/checks/${part(checkId)}/overturn`, { json: { reason } }));
  }

  /** All banks of the tenant, and those that are shared with it. */
  async listBanks(): Promise<Bank[]> {
    return (await this.#send<{ banks: Bank[] }>({ method: "GET", path: "/v1/banks" })).banks;
  }

  /** Creates a bank, named by 1 to 64 of `A`-`Z`, `0`-`9`, `_`. */
  createBank(
    name: string,
    { purpose = "known_fake", imported = false }: { purpose?: Purpose; imported?: boolean } = {},
  ): Promise<Bank> {
    return this.#send(post("/v1/banks", { json: { name, purpose, imported } }));
  }

  /** Deletes a bank with all that it holds. */
  deleteBank(name: string): Promise<void> {
    return this.#send({ method: "DELETE", path: `/v1/banks/${part(name)}` });
  }

  /** Adds a photo to a bank. Its hashes are kept, the photo is not. */
  addContent(
    bank: string,
    photo: Exclude<Photo, PhotoUrl>,
    about: { note?: string; externalId?: string; opinion?: Opinion } = {},
  ): Promise<Added> {
    const { note, externalId, opinion } = about;
    const form = formOf({ note, external_id: externalId, opinion });
    form.append("photo", toBlob(photo), "photo");
    return this.#send(post(`/v1/banks/${part(bank)}/contents`, { form }));
  }

  /** The photos of a bank, a page a call. */
  async *listContents(bank: string): AsyncGenerator<Content, void, undefined> {
    const path = `/v1/banks/${part(bank)}/contents`;
    for (let after: number | undefined = 0; after !== undefined;) {
      const query = { after: String(after) };
      const page: Contents = await this.#send({ method: "GET", path, query });
      yield* page.contents;
      after = page.next_after;
    }
  }

  /** Removes a photo from a bank. */
  removeContent(bank: string, contentId: number): Promise<void> {
    const path = `/v1/banks/${part(bank)}/contents/${part(String(contentId))}`;
    return this.#send({ method: "DELETE", path });
  }

  /** Registers where events are sent; all of them where none is named. */
  registerEndpoint(url: string, events: readonly string[] = []): Promise<Registered> {
    return this.#send(post("/v1/webhooks", { json: { url, events } }));
  }

  /** The tenant's endpoints. */
  async listEndpoints(): Promise<Endpoint[]> {
    const call: Call = { method: "GET", path: "/v1/webhooks" };
    return (await this.#send<{ endpoints: Endpoint[] }>(call)).endpoints;
  }

  /** A new secret. For a day messages are signed with the old one, too. */
  async rotateSecret(endpointId: string): Promise<string> {
    const call = post(`/v1/webhooks/${part(endpointId)}/rotate`, {});
    return (await this.#send<{ secret: string }>(call)).secret;
  }

  /** Removes an endpoint, and what was to be sent there. */
  removeEndpoint(endpointId: string): Promise<void> {
    return this.#send({ method: "DELETE", path: `/v1/webhooks/${part(endpointId)}` });
  }

  async #send<T>(call: Call): Promise<T> {
    const begunMs = Date.now();
    for (let attempt = 1; ; attempt += 1) {
      const failure = await this.#attempt<T>(call);
      if ("answer" in failure) {
        return failure.answer;
      }
      const spentS = (Date.now() - begunMs) / 1000;
      const pause = pauseS(this.#retries, failure.error, attempt, spentS, Math.random());
      if (pause === undefined) {
        throw failure.error;
      }
      await sleep(pause);
    }
  }

  async #attempt<T>(call: Call): Promise<{ answer: T } | { error: Error }> {
    // What is wrong with the request itself is the caller's mistake and is thrown from here.
    const request = this.#request(call);
    let response: Response;
    let text: string;
    try {
      response = await this.#fetch(request);
      if (!response.ok) {
        return { error: await ProblemError.of(response) };
      }
      text = await response.text();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      return { error: new NotReached(`the service was not reached: ${why}`, { cause }) };
    }
    if (response.status === 204) {
      return { answer: undefined as T };
    }
    try {
      // Its fields are not checked: the service's description says what they are.
      return { answer: JSON.parse(text) as T };
    } catch (cause) {
      const what = "the answer is no JSON; is this a photocheck service?";
      return { error: new NotUnderstood(what, { cause }) };
    }
  }

  /** The request; a new one for each attempt, always with the same key. */
  #request({ method, path, query, json, form, idempotencyKey }: Call): Request {
    const headers = new Headers();
    if (this.#key !== undefined) {
      headers.set("authorization", `Bearer ${this.#key}`);
    }
    // What is answered to such a call is kept, so only who says who they are may send one.
    if (idempotencyKey !== undefined && this.#key !== undefined) {
      headers.set("idempotency-key", `"${idempotencyKey}"`);
    }
    let body: BodyInit | null = form ?? null;
    if (json !== undefined) {
      headers.set("content-type", "application/json");
      body = JSON.stringify(json);
    }
    const search = query === undefined ? "" : `?${new URLSearchParams(query)}`;
    const signal = AbortSignal.timeout(this.#attemptMaxS * 1000);
    const url = `${this.#url}${path}${search}`;
    // A key goes nowhere else.
    return new Request(url, { method, headers, body, signal, redirect: "manual" });
  }
}

function post(path: string, sent: Pick<Call, "json" | "form" | "idempotencyKey">): Call {
  return {
    ...sent,
    method: "POST",
    path,
    idempotencyKey: sent.idempotencyKey ?? crypto.randomUUID(),
  };
}

/** A part of a path; what a caller names leads nowhere else. */
function part(text: string): string {
  if (["", ".", ".."].includes(text)) {
    throw new TypeError(`not a name or an id: ${JSON.stringify(text)}`);
  }
  return encodeURIComponent(text);
}

function formOf(texts: { [name: string]: string | undefined }): FormData {
  return fill(new FormData(), texts);
}

function fill(form: FormData, texts: { [name: string]: string | undefined }): FormData {
  for (const [name, text] of Object.entries(texts)) {
    if (text !== undefined) {
      form.append(name, text);
    }
  }
  return form;
}

/** Asks with growing pauses until there is an answer. */
async function until<T>(
  timeoutS: number,
  what: string,
  ask: () => Promise<T | undefined>,
): Promise<T> {
  const endsMs = Date.now() + timeoutS * 1000;
  for (let pause = ASK_FIRST_S; ; pause = Math.min(pause * 1.5, ASK_MAX_S)) {
    const leftS = (endsMs - Date.now()) / 1000;
    const answer = await ask();
    if (answer !== undefined) {
      return answer;
    }
    if (leftS <= 0) {
      throw new NotFinished(`${what} was not finished within ${timeoutS} s`);
    }
    await sleep(Math.min(pause, leftS));
  }
}

function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
