/** Signatures, against the library of Standard Webhooks. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Webhook } from "standardwebhooks";

import { NotVerified, verifyWebhook } from "../src/index.js";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const NOW_S = 1_795_800_000;
const BODY = '{"type":"check.finished","timestamp":"2026-11-27T18:00:00Z","data":{"id":"é"}}';

function signed(secrets: string[], body = BODY): { [name: string]: string } {
  const at = new Date(NOW_S * 1000);
  const signatures = secrets.map((secret) => new Webhook(secret).sign("msg_1", at, body));
  return {
    "Webhook-Id": "msg_1",
    "webhook-timestamp": String(NOW_S),
    "webhook-signature": signatures.join(" "),
  };
}

async function check(
  headers: { [name: string]: string },
  secrets: string[],
  { body = BODY, lateS = 0 }: { body?: string; lateS?: number } = {},
): Promise<string> {
  return (await verifyWebhook(body, headers, secrets, { nowS: NOW_S + lateS })).id;
}

test("what the library signed is verified", async () => {
  const bytes = new TextEncoder().encode(BODY);
  const headers = new Headers(signed([SECRET]));
  const message = await verifyWebhook(bytes, headers, [SECRET], { nowS: NOW_S });
  assert.deepEqual([message.id, message.sentAt], ["msg_1", NOW_S]);
  assert.ok(message.event.type === "check.finished" && message.event.data.id === "é");
});

test("either of two secrets on either side", async () => {
  assert.equal(await check(signed([SECRET, OTHER]), [OTHER]), "msg_1");
  assert.equal(await check(signed([OTHER, SECRET]), [OTHER]), "msg_1");
  assert.equal(await check(signed([SECRET]), [OTHER, SECRET]), "msg_1");
});

test("time is bounded on both sides", async () => {
  for (const lateS of [-300, 300]) {
    assert.equal(await check(signed([SECRET]), [SECRET], { lateS }), "msg_1");
  }
  for (const lateS of [-301, 301]) {
    await assert.rejects(check(signed([SECRET]), [SECRET], { lateS }), NotVerified);
  }
});

for (const [name, value] of [
  ["webhook-signature", ""],
  ["webhook-signature", "v1"],
  ["webhook-signature", "v1,"],
  ["webhook-signature", "v1,é"],
  ["webhook-signature", "v1,A v2,B ,"],
  ["webhook-timestamp", "soon"],
  ["webhook-timestamp", "NaN"],
  ["webhook-timestamp", "9".repeat(400)],
  ["webhook-timestamp", String(NOW_S - 1)],
  ["Webhook-Id", "msg_2"],
  ["Webhook-Id", ""],
] as const) {
  test(`a changed ${name} is refused: ${value.slice(0, 20)}`, async () => {
    await assert.rejects(check({ ...signed([SECRET]), [name]: value }, [SECRET]), NotVerified);
  });
}

test("changed bodies and other secrets are refused", async () => {
  for (const body of [`${BODY} `, BODY.replace("finished", "begun"), ""]) {
    await assert.rejects(check(signed([SECRET]), [SECRET], { body }), NotVerified);
  }
  await assert.rejects(check(signed([SECRET]), [OTHER]), NotVerified);
  const body = "no JSON";
  await assert.rejects(check(signed([SECRET], body), [SECRET], { body }), NotVerified);
  // Another kind of signature of the same bytes counts for nothing.
  const headers = signed([SECRET]);
  headers["webhook-signature"] = headers["webhook-signature"]!.replaceAll("v1,", "v1a,");
  await assert.rejects(check(headers, [SECRET]), NotVerified);
});

test("a secret that is none is the caller's mistake", async () => {
  for (const secrets of [[], ["whsec_"], ["whsec_?"], [""]]) {
    await assert.rejects(verifyWebhook(BODY, signed([SECRET]), secrets), TypeError);
  }
});
