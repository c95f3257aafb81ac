/**
 * The labeler against a real photocheck service, with a stand-in for the network. `PHOTOCHECK_URL`,
 * `PHOTOCHECK_KEY` and `PHOTOCHECK_FIXTURES` as for the client; the service may fetch from 127.0.0.1.
 */

import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { decodeFirst } from "cborg";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { Client } from "photocheck";
import WebSocket from "ws";

import { Labeler } from "../src/labeler.js";
import { sign, toJson, type SignedLabel } from "../src/labels.js";
import { labelServer } from "../src/server.js";
import { LabelStore } from "../src/store.js";
import { startNetwork } from "./stand_in.js";

function named(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set`);
  return value;
}

const fixture = (name: string) => readFileSync(join(named("PHOTOCHECK_FIXTURES"), name));
const LABELER = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa";
const KEY = new Uint8Array(32).fill(7);

const cid = (name: string) => `bafkrei${name}`.padEnd(59, "a");
const PICTURES = {
  [cid("portrait")]: fixture("photos/ai-portrait-1.jpg"),
  [cid("known")]: fixture("edge/png-8.png"),
  [cid("plain")]: fixture("edge/plain-colour.png"),
  [cid("text")]: Buffer.from("no picture"),
};
const did = (name: string) => `did:plc:${name.padEnd(24, "z")}`;
const uri = (name: string) => `at://${did(name)}/app.bsky.actor.profile/self`;

let time = 1_795_800_000_000_000;

/** A profile in its version, as Jetstream tells of it. */
function profile(name: string, version: string, avatar?: string): { time_us: number } {
  time += 1000;
  const picture = { $type: "blob", ref: { $link: avatar }, mimeType: "image/jpeg", size: 7 };
  return {
    did: did(name),
    time_us: time,
    kind: "commit",
    commit: {
      rev: "3l3qo2vutsw2b",
      operation: "create",
      collection: "app.bsky.actor.profile",
      rkey: "self",
      record: {
        $type: "app.bsky.actor.profile",
        displayName: name,
        ...(avatar === undefined ? {} : { avatar: picture }),
      },
      cid: cid(version),
    },
  } as { time_us: number };
}

/** What a label is signed over, written here by the rules of canonical CBOR, not by a library. */
function canonical(label: object): Buffer {
  const head = (major: number, length: number) =>
    length < 24 ? [major + length] : length < 256 ? [major + 24, length] : assert.fail();
  const text = (value: string) => [...head(0x60, Buffer.byteLength(value)), ...Buffer.from(value)];
  const value = (it: unknown) =>
    typeof it === "string" ? text(it) : it === true ? [0xf5] : head(0, it as number);
  const entries = Object.entries(label).sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1));
  const fields = entries.flatMap(([name, it]) => [...text(name), ...value(it)]);
  return Buffer.from([...head(0xa0, entries.length), ...fields]);
}

/** Whether a signature is right, by another library than the one that made it, and has a low S. */
function isSigned({ sig, ...label }: SignedLabel): boolean {
  const point = Buffer.from(secp256k1.getPublicKey(KEY, false));
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((it) => it.toString("base64url"));
  const jwk = { kty: "EC", crv: "secp256k1", x: x!, y: y! };
  const key = createPublicKey({ key: jwk, format: "jwk" });
  const s = BigInt(`0x${Buffer.from(sig).subarray(32).toString("hex")}`);
  const half = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;
  const signed = canonical(label);
  return s <= half && verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, sig);
}

/** Reads a stream of labels from its beginning. */
async function subscribed(url: string, cursor: number) {
  const socket = new WebSocket(
    `${url.replace("http", "ws")}/xrpc/com.atproto.label.subscribeLabels?cursor=${cursor}`,
  );
  const frames: { header: unknown; payload: any }[] = [];
  socket.on("message", (data: Buffer) => {
    const [header, rest] = decodeFirst(data);
    const [payload, nothing] = decodeFirst(rest);
    assert.equal(nothing.length, 0);
    frames.push({ header, payload });
  });
  await once(socket, "open");
  return { frames, socket };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const begun = Date.now(); !(await holds());) {
    assert.ok(Date.now() - begun < 300_000, "it took too long");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("avatars that call for it are labelled, and no others", async () => {
  const folder = mkdtempSync(join(tmpdir(), "labeler-"));
  const network = await startNetwork(PICTURES);
  const client = new Client(named("PHOTOCHECK_URL"), { key: named("PHOTOCHECK_KEY") });
  await client.createBank("STOLEN");
  await client.addContent("STOLEN", PICTURES[cid("known")]!);
  const store = new LabelStore(join(folder, "labels.jsonl"));
  const settings = {
    did: LABELER,
    key: KEY,
    jetstream: network.jetstream,
    plc: network.url,
    cursorFile: join(folder, "cursor"),
  };
  const stop = new AbortController();
  const running = new Labeler(settings, client, store).run(stop.signal);
  const server = labelServer(LABELER, store).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { frames, socket } = await subscribed(url, 0);
  const done = () =>
    until(
      () => readFileSync(settings.cursorFile, { encoding: "utf8", flag: "a+" }) === String(time),
    );

  network.send(
    { did: did("x"), time_us: time + 1, kind: "identity", identity: { handle: "x.example" } },
    { did: did("x"), time_us: time + 2, kind: "account", account: { active: true } },
    { time_us: time + 3, kind: "commit" },
    { ...profile("x", "one", cid("portrait")), did: "did:plc:../../secrets" },
    profile("made", "one", cid("portrait")),
    profile("known", "one", cid("known")),
    profile("plain", "one", cid("plain")),
    profile("none", "one"),
    profile("text", "one", cid("text")),
    profile("gone", "one", cid("gone")),
  );
  await done();
  const labels = () =>
    frames.map(({ header, payload }) => {
      assert.deepEqual(header, { op: 1, t: "#labels" });
      const [label] = payload.labels as SignedLabel[];
      assert.ok(label && isSigned(label), JSON.stringify(label));
      assert.equal(label.src, LABELER);
      return [payload.seq, label.uri, label.cid, label.val, label.neg];
    });
  const made = [1, uri("made"), cid("one"), "ai-made-photo", undefined];
  const known = [2, uri("known"), cid("one"), "known-fake-photo", undefined];
  await until(() => frames.length === 2);
  assert.deepEqual(labels(), [made, known]);

  // The stream breaks off and goes on from where all was done.
  network.breakOff();
  network.send(profile("made", "two", cid("plain")), profile("known", "two"));
  await done();
  assert.equal(network.asked[0]?.get("wantedCollections"), "app.bsky.actor.profile");
  assert.equal(network.asked[0]?.get("cursor"), null);
  assert.equal(network.asked.at(-1)?.get("cursor"), String(time - 2000));
  // Another picture, or none, takes the label of the one before back.
  await until(() => frames.length === 4);
  assert.deepEqual(labels().slice(2), [
    [3, uri("made"), cid("two"), "ai-made-photo", true],
    [4, uri("known"), cid("two"), "known-fake-photo", true],
  ]);

  network.send(profile("known", "three", cid("known")));
  await done();
  const ask = async (query: string) => {
    const answer = await fetch(`${url}/xrpc/com.atproto.label.queryLabels?${query}`);
    return [answer.status, (await answer.json()) as any] as const;
  };
  const [status, found] = await ask("uriPatterns=at://did:plc:*&limit=1");
  assert.equal(status, 200);
  assert.equal(found.cursor, "5");
  const [current] = store.current();
  assert.deepEqual(found.labels, [toJson(current!.label)]);
  assert.match(found.labels[0].sig.$bytes, /^[A-Za-z0-9+/]{86}$/);
  assert.deepEqual((await ask(`uriPatterns=${uri("known")}&cursor=5`))[1], { labels: [] });
  assert.deepEqual((await ask(`uriPatterns=${uri("known")}&sources=did:plc:x`))[1], { labels: [] });
  for (const wrong of ["", "uriPatterns=*&limit=251", "uriPatterns=*&cursor=x"]) {
    const [code, problem] = await ask(wrong);
    assert.deepEqual([code, problem.error], [400, "InvalidRequest"]);
  }

  // Who comes later hears of what holds, and of what was taken back.
  const late = await subscribed(url, 0);
  await until(() => late.frames.length === 4);
  assert.deepEqual(
    late.frames.map(({ payload }) => payload.seq),
    [2, 3, 4, 5],
  );
  const ahead = await subscribed(url, 99);
  await once(ahead.socket, "close");
  assert.deepEqual(ahead.frames[0]?.header, { op: -1 });
  assert.equal(ahead.frames[0]?.payload.error, "FutureCursor");

  stop.abort();
  await running;
  for (const each of [socket, late.socket]) {
    each.terminate();
  }
  server.closeAllConnections();
  server.close();
  store.close();
  network.close();
  await client.deleteBank("STOLEN");
  // What was on the disk is there again, but for a line that was cut off.
  appendFileSync(join(folder, "labels.jsonl"), '{"ver":1,"src":');
  for (const _ of [1, 2]) {
    const again = new LabelStore(join(folder, "labels.jsonl"));
    assert.equal(again.last, 5);
    assert.deepEqual(again.current(), store.current());
    again.close();
  }
  rmSync(folder, { recursive: true });
});

/** What a server answers to an address as it is: a client of its own would mend it. */
async function answered(port: number, path: string, header = ""): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.end(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${header}\r\n`);
  let text = "";
  for await (const part of socket) {
    text += part;
  }
  return text;
}

test("what is no address ends nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "labeler-"));
  const store = new LabelStore(join(folder, "labels.jsonl"));
  const server = labelServer(LABELER, store).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  assert.match(await answered(port, "//"), /^HTTP\/1\.1 400 /);
  const upgrade = "connection: upgrade\r\nupgrade: websocket\r\n";
  assert.equal(await answered(port, "//", upgrade), "");
  assert.match(await answered(port, "/"), /^HTTP\/1\.1 501 /);
  server.closeAllConnections();
  server.close();
  store.close();
  rmSync(folder, { recursive: true });
});

test("a signature is of the canonical form", () => {
  const label = {
    ver: 1,
    src: LABELER,
    uri: uri("x"),
    cid: cid("one"),
    val: "ai-made-photo",
    cts: "2026-11-27T18:00:00.000Z",
  } as const;
  assert.ok(isSigned(sign(label, KEY)));
  assert.ok(isSigned(sign({ ...label, neg: true }, KEY)));
  assert.ok(!isSigned({ ...sign(label, KEY), val: "known-fake-photo" }));
});
