/** Verifies webhooks, as Standard Webhooks says: https://www.standardwebhooks.com */

import { NotVerified } from "./errors.js";
import type { Check } from "./resources.js";

/** Later versions may send others: pass over a `type` that you do not know. */
export type Event =
  | { type: "check.finished"; timestamp: string; data: Check }
  | { type: "appeal.decided"; timestamp: string; data: Check }
  | {
      /** docs/webhooks.md has the fields of each. */
      type: "photo.seen_before" | "hash.quarantined" | "endpoint.switched_off";
      timestamp: string;
      data: { [name: string]: unknown };
    };

/** A verified message. The same one may come again with the same `id`. */
export interface Message {
  id: string;
  /** Seconds since 1970, UTC. */
  sentAt: number;
  event: Event;
}

type HeadersLike = Headers | { [name: string]: string | string[] | undefined };

/**
 * Returns the message if one of the secrets (`whsec_…`) signed exactly these bytes within the last
 * `toleranceS` seconds; throws `NotVerified` otherwise.
 */
export async function verifyWebhook(
  body: string | Uint8Array,
  headers: HeadersLike,
  secrets: readonly string[],
  { toleranceS = 300, nowS = Date.now() / 1000 }: { toleranceS?: number; nowS?: number } = {},
): Promise<Message> {
  const keys = await Promise.all(secrets.map(importKey));
  if (keys.length === 0) {
    throw new TypeError("no secret to verify with");
  }
  const [id, timestamp, signatures] = [
    header(headers, "webhook-id"),
    header(headers, "webhook-timestamp"),
    header(headers, "webhook-signature"),
  ];
  if (!/^\d{1,12}$/.test(timestamp)) {
    throw new NotVerified("webhook-timestamp is no number of seconds");
  }
  const sentAt = Number(timestamp);
  const awayS = Math.abs(nowS - sentAt);
  if (toleranceS < awayS) {
    throw new NotVerified(
      `it was sent ${Math.round(awayS)} s from now, the limit is ${toleranceS} s`,
    );
  }
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const before = new TextEncoder().encode(`${id}.${timestamp}.`);
  const signed = new Uint8Array(before.length + bytes.length);
  signed.set(before);
  signed.set(bytes, before.length);
  const shown = signatures
    .split(" ")
    .filter((signature) => signature.startsWith("v1,"))
    .map((signature) => fromBase64(signature.slice("v1,".length)) ?? new Uint8Array());
  // `verify` compares in constant time, and every pair is compared.
  const checked = keys.flatMap((key) =>
    shown.map((signature) => crypto.subtle.verify("HMAC", key, signature, signed)),
  );
  if (!(await Promise.all(checked)).includes(true)) {
    throw new NotVerified("no signature is right");
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { id, sentAt, event: JSON.parse(text) as Event };
  } catch {
    throw new NotVerified("the body is no JSON");
  }
}

async function importKey(secret: string): Promise<CryptoKey> {
  const bytes = fromBase64(secret.replace(/^whsec_/, ""));
  if (bytes === undefined || bytes.length === 0) {
    throw new TypeError("a secret is whsec_ and base64");
  }
  const hmac = { name: "HMAC", hash: "SHA-256" };
  return crypto.subtle.importKey("raw", bytes, hmac, false, ["verify"]);
}

function header(headers: HeadersLike, name: string): string {
  let value: string | string[] | null | undefined;
  if (headers instanceof Headers) {
    value = headers.get(name);
  } else {
    const found = Object.keys(headers).find((key) => key.toLowerCase() === name);
    value = found === undefined ? undefined : headers[found];
  }
  if (typeof value !== "string" || value === "") {
    throw new NotVerified(`there is no header ${name}, or several`);
  }
  return value;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
