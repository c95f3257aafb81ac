/** What is sent again, when, and when no more; against a stand-in for a service that is busy. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Client, NotFinished, NotReached, NotUnderstood, ProblemError } from "../src/index.js";
import { readRetryAfter } from "../src/errors.js";
import { pauseS } from "../src/retries.js";
import { standingIn, type Answer, type StandIn } from "./standing_in.js";

const CHECKS: Answer = { status: 202, body: '{"batch_id":"b","checks":[]}' };
const PHOTO = new Uint8Array([1, 2, 3]);

function problem(status: number, code: string, retryAfter?: string): Answer {
  const headers = { "content-type": "application/problem+json" };
  const body = JSON.stringify({ status, code, detail: "as a test has it" });
  return {
    status,
    body,
    headers: retryAfter === undefined ? headers : { ...headers, "retry-after": retryAfter },
  };
}

async function withService(answers: Answer[], run: (service: StandIn) => Promise<void>) {
  const service = await standingIn(answers);
  try {
    await run(service);
  } finally {
    await service.close();
  }
}

async function refusal(promise: Promise<unknown>): Promise<ProblemError> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(error instanceof ProblemError, String(error));
  return error;
}

test("Retry-After is waited for, and the key stays", async () => {
  const busy = [
    problem(503, "QUEUE_FULL", "1"),
    problem(429, "RATE_LIMITED", "0"),
    problem(409, "IDEMPOTENCY_KEY_IN_USE", "0"),
    CHECKS,
  ];
  await withService(busy, async ({ url, arrived }) => {
    const client = new Client(url, { key: "key" });
    const begun = performance.now();
    const checks = await client.startChecks([{ photo: PHOTO, externalId: "7" }]);
    assert.equal(checks.batch_id, "b");
    const tookMs = performance.now() - begun;
    assert.ok(990 <= tookMs && tookMs < 5000, String(tookMs));
    assert.equal(arrived.length, 4);
    assert.equal(new Set(arrived.map(({ headers }) => headers["idempotency-key"])).size, 1);
    for (const { path, headers, body } of arrived) {
      assert.equal(path, "/v1/checks");
      assert.equal(headers.authorization, "Bearer key");
      // The whole form, each time; the text stands before the photo that it is for.
      const text = body.indexOf('name="external_id"');
      assert.ok(0 < text && text < body.indexOf('name="photo"'));
    }
  });
});

test("each call has its own key, and a caller's counts", async () => {
  await withService([CHECKS, CHECKS, CHECKS], async ({ url, arrived }) => {
    const client = new Client(url, { key: "key" });
    await client.startChecks([{ photo: PHOTO }]);
    await client.startChecks([{ photo: new Blob([PHOTO]) }]);
    await client.startChecks([{ photo: PHOTO.buffer }], { idempotencyKey: "mine" });
    const keys = arrived.map(({ headers }) => headers["idempotency-key"]);
    assert.equal(new Set(keys).size, 3);
    assert.equal(keys[2], '"mine"');
  });
});

test("what makes nothing, and who says not who, has no key", async () => {
  await withService([{ status: 200, body: "{}" }, CHECKS], async ({ url, arrived }) => {
    await new Client(url, { key: "key" }).check(PHOTO);
    await new Client(url).startChecks([{ photo: PHOTO }]);
    assert.deepEqual(
      arrived.map(({ headers }) => headers["idempotency-key"]),
      [undefined, undefined],
    );
  });
});

test("a wait beyond the bound is an error at once", async () => {
  await withService([problem(429, "QUOTA_USED_UP", "7200")], async ({ url }) => {
    const error = await refusal(new Client(url).listBanks());
    assert.deepEqual(
      [error.status, error.code, error.detail, error.retryAfterS],
      [429, "QUOTA_USED_UP", "as a test has it", 7200],
    );
    assert.equal(error.name, "ProblemError");
  });
});

test("attempts are counted", async () => {
  const answers = Array.from({ length: 9 }, () => problem(503, "BUSY", "0"));
  await withService(answers, async ({ url, arrived }) => {
    await refusal(new Client(url, { retries: { attemptsMax: 3 } }).listBanks());
    assert.equal(arrived.length, 3);
  });
});

for (const status of [400, 401, 403, 404, 409, 413, 422, 500]) {
  test(`another attempt would not mend a ${status}`, async () => {
    await withService([problem(status, "A_CODE"), CHECKS], async ({ url, arrived }) => {
      const error = await refusal(new Client(url).listBanks());
      assert.deepEqual([error.status, error.code, arrived.length], [status, "A_CODE", 1]);
    });
  });
}

test("nobody there, or nobody who answers in time", async () => {
  const service = await standingIn([]);
  await service.close();
  const client = new Client(service.url, { retries: { attemptsMax: 2 } });
  await assert.rejects(client.listBanks(), NotReached);
  const never = (request: RequestInfo | URL) =>
    new Promise<Response>((_, reject) => {
      const { signal } = request as Request;
      signal.addEventListener("abort", () => reject(signal.reason as Error));
    });
  const retries = { attemptsMax: 1 };
  const slow = new Client("http://127.0.0.1:1", { fetch: never, attemptMaxS: 0.05, retries });
  // Node goes on only while something keeps it.
  const kept = setTimeout(() => undefined, 5000);
  await assert.rejects(slow.listBanks(), NotReached);
  clearTimeout(kept);
});

test("answers of something else", async () => {
  const elsewhere = { status: 302, headers: { location: "https://example.org/" } };
  const html = [{ status: 200, body: "<html>" }, { status: 404, body: "<html>" }, elsewhere];
  await withService(html, async ({ url }) => {
    const client = new Client(url);
    await assert.rejects(client.listBanks(), NotUnderstood);
    assert.equal((await refusal(client.listBanks())).code, "HTTP_404");
    assert.equal((await refusal(client.listBanks())).code, "HTTP_302");
  });
});

test("waiting ends", async () => {
  const waiting = Array.from({ length: 99 }, () => ({ status: 200, body: '{"state":"waiting"}' }));
  await withService(waiting, async ({ url }) => {
    await assert.rejects(new Client(url).waitForCheck("7", { timeoutS: 0.3 }), NotFinished);
  });
});

test("names lead nowhere else", async () => {
  await withService([], async ({ url, arrived }) => {
    const client = new Client(url);
    await client.deleteBank("A/../B?c");
    assert.equal(arrived[0]?.path, "/v1/banks/A%2F..%2FB%3Fc");
    for (const name of ["", ".", ".."]) {
      assert.throws(() => client.deleteBank(name), TypeError);
    }
  });
});

test("pauses grow and vary", () => {
  const retries = { attemptsMax: 9, secondsMax: 60 };
  const pauses = (chance: number) =>
    [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => pauseS(retries, new NotReached("x"), n, 0, chance));
  assert.deepEqual(pauses(1), [0.5, 1, 2, 4, 8, 16, 30, 30, undefined]);
  assert.deepEqual(pauses(0), [0.25, 0.5, 1, 2, 4, 8, 15, 15, undefined]);
  const asked = new ProblemError(503, "BUSY", "", 9);
  const short = { attemptsMax: 5, secondsMax: 10 };
  assert.equal(pauseS(short, asked, 1, 0, 0.5), 9.25);
  assert.equal(pauseS(short, asked, 1, 2, 0.5), undefined);
  assert.equal(pauseS(short, new Error("another"), 1, 0, 0.5), undefined);
});

test("Retry-After is read", () => {
  const now = Date.UTC(2026, 10, 27, 12);
  for (const [text, seconds] of [
    ["7", 7],
    ["Fri, 27 Nov 2026 12:01:00 GMT", 60],
    ["Fri, 27 Nov 2026 11:00:00 GMT", 0],
    ["soon", undefined],
    ["-7", undefined],
    ["", undefined],
    [null, undefined],
  ] as const) {
    assert.equal(readRetryAfter(text, now), seconds, String(text));
  }
});
