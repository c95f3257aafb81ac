/**
 * Both signals against a real service, loaded as Coop loads them. `PHOTOCHECK_URL`, `PHOTOCHECK_KEY` and
 * `PHOTOCHECK_FIXTURES` as for the client; the service may fetch from 127.0.0.1.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Client } from "photocheck";

import type { Plugin, Signal } from "../src/contract.js";

function named(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set`);
  return value;
}

const serviceUrl = named("PHOTOCHECK_URL");
const apiKey = named("PHOTOCHECK_KEY");
const fixture = (name: string) => readFileSync(join(named("PHOTOCHECK_FIXTURES"), name));
// What an organisation filled in counts, as where nobody set it for all.
delete process.env["PHOTOCHECK_URL"];

let fetched = 0;
const photos = createServer((request, response) => {
  fetched += 1;
  try {
    response.end(fixture(request.url!.slice(1)));
  } catch {
    response.writeHead(404).end();
  }
});
let photosUrl = "";
before(async () => {
  await new Promise<void>((resolve) => photos.listen(0, "127.0.0.1", resolve));
  photosUrl = `http://127.0.0.1:${(photos.address() as AddressInfo).port}`;
});
after(() => {
  photos.closeAllConnections();
  photos.close();
});

function signals(config: Record<string, unknown>): [Signal, Signal] {
  // Coop requires the package by its name.
  const required = createRequire(import.meta.url)("coop-integration-photocheck") as {
    default: Plugin;
  };
  const { manifest, createSignals } = required.default;
  const context = { integrationId: manifest.id, getCredential: async () => config };
  const [madeByAi, knownPhoto] = createSignals(context).map(({ signal }) => signal);
  assert.ok(madeByAi && knownPhoto);
  return [madeByAi, knownPhoto];
}

const image = (name: string) => ({
  orgId: "org",
  value: { type: "IMAGE", value: { url: `${photosUrl}/${name}` } },
});

test("both signals of a photo, by one check", async () => {
  const client = new Client(serviceUrl, { key: apiKey });
  const [madeByAi, knownPhoto] = signals({ serviceUrl, apiKey });
  const portrait = image("photos/ai-portrait-1.jpg");
  const [made, known] = await Promise.all([madeByAi.run(portrait), knownPhoto.run(portrait)]);
  assert.equal(fetched, 1);
  assert.ok(typeof made.score === "number" && 0.9 < made.score && made.score <= 1, String(made));
  // There is no bank yet: a number would say that it was compared.
  assert.ok("type" in known && known.type === "ERROR");
  assert.match((known.score as Error).message, /^NO_BANKS: /);

  await client.createBank("COOP");
  await client.addContent("COOP", fixture("edge/png-8.png"));
  const copy = image("edge/png-8.png");
  assert.deepEqual(await knownPhoto.run(copy), {
    outputType: { scalarType: "NUMBER" },
    score: 1,
  });
  const plain = image("edge/plain-colour.png");
  const none = await Promise.all([madeByAi.run(plain), knownPhoto.run(plain)]);
  for (const [place, code] of ["NO_FACE_FOUND", "LOW_DETAIL"].entries()) {
    const result = none[place]!;
    assert.ok("type" in result && result.type === "ERROR");
    assert.equal((result.score as Error & { code: string }).code, code);
  }
  await client.createBank("OURS", { purpose: "allow" });
  await client.addContent("OURS", fixture("edge/png-8.png"));
  assert.equal((await knownPhoto.run(copy)).score, 0);
  await client.deleteBank("COOP");
  await client.deleteBank("OURS");
});

test("what is missing or wrong is said", async () => {
  const [nowhere] = signals({});
  const info = await nowhere.getDisabledInfo("org");
  assert.ok(info.disabled && info.disabledMessage.includes("address"));
  const copy = image("edge/png-8.png");
  await assert.rejects(nowhere.run(copy), /Fill in the address/);
  const [ready] = signals({ serviceUrl, apiKey });
  assert.deepEqual(await ready.getDisabledInfo("org"), { disabled: false });
  await assert.rejects(ready.run({ orgId: "org", value: { type: "STRING", value: "text" } }));
  const [withoutKey] = signals({ serviceUrl });
  await assert.rejects(withoutKey.run(copy), /401 KEY_NEEDED/);
  await assert.rejects(ready.run(image("photos/none.jpg")), /422 URL_NOT_FETCHED/);
});
