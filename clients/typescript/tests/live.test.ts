/**
 * Against a real service, which may send webhooks to 127.0.0.1. `PHOTOCHECK_URL` and `PHOTOCHECK_KEY`
 * name it and a key with all scopes, `PHOTOCHECK_FIXTURES` the folder of photos.
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { openAsBlob, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { Client, NotVerified, ProblemError, verifyWebhook, type Check } from "../src/index.js";
import { standingIn } from "./standing_in.js";

function named(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set`);
  return value;
}

const URL = named("PHOTOCHECK_URL");
const KEY = named("PHOTOCHECK_KEY");
const fixture = (name: string) => join(named("PHOTOCHECK_FIXTURES"), name);
const REAL = fixture("photos/real-hopper.jpg");
const SMALL = readFileSync(fixture("edge/png-8.png"));
// Without a face, so that it is checked soon.
const PLAIN = fixture("edge/plain-colour.png");
const client = new Client(URL, { key: KEY });

test("a photo is checked at once", async () => {
  const report = await client.check(await openAsBlob(REAL));
  assert.equal(report.verdict, "clear");
  assert.equal(report.answers.made_by_ai.answer, "no_sign");
  const digest = createHash("sha256").update(readFileSync(REAL)).digest("hex");
  assert.deepEqual([report.photo.format, report.photo.sha256], ["jpeg", digest]);
  const { synthetic } = report.evidence;
  assert.ok(synthetic.state === "evaluated" && synthetic.score < 0.5);
});

test("banks are filled, and a verdict on a photo is overturned", async () => {
  const made = await client.createBank("TYPESCRIPT");
  assert.deepEqual([made.purpose, made.contents], ["known_fake", 0]);
  const about = { note: "case 12", externalId: "é 7" };
  const added = await client.addContent("TYPESCRIPT", SMALL, about);
  const again = await client.addContent("TYPESCRIPT", new Blob([SMALL]));
  assert.deepEqual([added.added, again.added], [true, false]);
  assert.equal(again.content_id, added.content_id);
  const listed = async () => {
    const contents = [];
    for await (const content of client.listContents("TYPESCRIPT")) {
      contents.push([content.note, content.external_id, content.opinion]);
    }
    return contents;
  };
  assert.deepEqual(await listed(), [["case 12", "é 7", "confirmed"]]);

  const begun = await client.startChecks([
    { photo: SMALL, externalId: "one" },
    { photo: await openAsBlob(PLAIN) },
  ]);
  const { checks } = await client.waitForChecks(begun.batch_id);
  assert.deepEqual(
    checks.map(({ state, external_id, report }) => [state, external_id, report?.photo.width]),
    [
      ["done", "one", 120],
      ["done", undefined, 200],
    ],
  );
  const [{ id, report }, { id: upheldId }] = checks as [Check, Check];
  assert.deepEqual(await client.waitForCheck(id), checks[0]);
  assert.deepEqual([report?.verdict, report?.answers.known_photo.answer], ["fake", "match"]);
  assert.deepEqual(
    report?.evidence.matches.map(({ bank }) => bank),
    ["TYPESCRIPT"],
  );
  const said = await client.giveFeedback(id, false, "my own");
  assert.deepEqual(said.feedback, { right: false, note: "my own" });
  assert.equal((await client.appeal(id, "it is me")).appeal?.state, "open");
  assert.equal((await client.overturn(id, "it was")).appeal?.state, "overturned");
  const allowed = await client.check(SMALL);
  assert.equal(allowed.answers.known_photo.answer, "allowed");
  await client.appeal(upheldId, "it is me");
  assert.equal((await client.uphold(upheldId, "it is not")).appeal?.state, "upheld");

  await client.removeContent("TYPESCRIPT", added.content_id);
  assert.deepEqual(await listed(), []);
  for (const { name } of await client.listBanks()) {
    await client.deleteBank(name);
  }
  assert.deepEqual(await client.listBanks(), []);
});

test("a webhook of the service is verified", async () => {
  const receiver = await standingIn([]);
  const { endpoint, secret } = await client.registerEndpoint(receiver.url, ["check.finished"]);
  const another = await client.rotateSecret(endpoint.id);
  const begun = await client.startChecks([{ photo: await openAsBlob(PLAIN) }]);
  const { body, headers } = await receiver.next();
  // Signed with both, since one takes the other's place.
  for (const known of [secret, another]) {
    const { event } = await verifyWebhook(body, headers, [known]);
    assert.ok(event.type === "check.finished");
    assert.equal(event.data.id, begun.checks[0]?.id);
    assert.deepEqual(event.data, await client.showCheck(event.data.id));
  }
  await assert.rejects(verifyWebhook(`${body} `, headers, [secret]), NotVerified);
  await assert.rejects(verifyWebhook(body, headers, ["whsec_AAAA"]), NotVerified);
  const ids = async () => (await client.listEndpoints()).map(({ id }) => id);
  assert.ok((await ids()).includes(endpoint.id));
  await client.removeEndpoint(endpoint.id);
  assert.ok(!(await ids()).includes(endpoint.id));
  await receiver.close();
});

test("one idempotency key has one effect", async () => {
  const keys: (string | null)[] = [];
  /** The way to the service on which the first answer is lost. */
  const losing: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    keys.push(request.headers.get("idempotency-key"));
    const answer = await fetch(request);
    if (keys.length === 1) {
      await answer.text();
      throw new TypeError("the connection was lost");
    }
    return answer;
  };
  const over = new Client(URL, { key: KEY, fetch: losing });
  const made = await over.createBank("ONCE_TS");
  assert.equal(keys.length, 2);
  assert.ok(keys[0] && keys[0] === keys[1], String(keys));
  // Done again it would have been refused: there is one of this name.
  await assert.rejects(over.createBank("ONCE_TS"), (error) => {
    return error instanceof ProblemError && error.code === "BANK_EXISTS";
  });
  await over.deleteBank(made.name);
  // By a key of the caller's own, as after a crash.
  const photo = await openAsBlob(PLAIN);
  const begin = (idempotencyKey: string) => client.startChecks([{ photo }], { idempotencyKey });
  const begun = await begin("crashed");
  const again = await begin("crashed");
  const other = await begin("another");
  assert.equal(begun.batch_id, again.batch_id);
  assert.notEqual(begun.batch_id, other.batch_id);
  assert.deepEqual(
    begun.checks.map(({ id }) => id),
    again.checks.map(({ id }) => id),
  );
});

test("refusals are errors with code, status and detail", async () => {
  const refused = async (promise: Promise<unknown>, status: number, code: string) => {
    await assert.rejects(promise, (error) => {
      assert.ok(error instanceof ProblemError, String(error));
      assert.deepEqual([error.status, error.code], [status, code]);
      assert.ok(error.detail && error.requestId);
      return true;
    });
  };
  // The last character belongs to the checksum.
  const mistyped = KEY.slice(0, -1) + (KEY.endsWith("A") ? "B" : "A");
  await refused(new Client(URL).check(SMALL), 401, "KEY_NEEDED");
  await refused(new Client(URL, { key: mistyped }).check(SMALL), 401, "KEY_NOT_VALID");
  await refused(client.check(new TextEncoder().encode("no photo")), 415, "PHOTO_NOT_AN_IMAGE");
  await refused(client.check(new Blob([])), 400, "PHOTO_EMPTY");
  await refused(client.deleteBank("NONE"), 404, "NO_SUCH_BANK");
  await refused(client.createBank("lower"), 422, "BANK_NAME_NOT_VALID");
  await refused(client.showCheck("7"), 404, "NO_SUCH_CHECK");
});
