/**
 * Labels of AT Protocol (https://atproto.com/specs/label), and which of them a report calls for.
 */

import { encode } from "@ipld/dag-cbor";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import type { Report } from "photocheck";

/** A label as it is signed; `sig` is beside it. Fields are left out, never null. */
export interface Label {
  ver: 1;
  /** The labeler. */
  src: string;
  /** The record that is labelled, in the version `cid`. */
  uri: string;
  cid: string;
  val: LabelValue;
  /** It takes the one before back. */
  neg?: true;
  cts: string;
}

export type SignedLabel = Label & { sig: Uint8Array };

export type LabelValue = "ai-made-photo" | "known-fake-photo";

/**
 * What is said in public of a photo: only what the report is sure of. Everybody sees a label, so what
 * is unsure is none.
 */
export function valuesFor({ answers }: Report): LabelValue[] {
  const values: LabelValue[] = [];
  if (answers.made_by_ai.answer === "declared" || answers.made_by_ai.answer === "likely") {
    values.push("ai-made-photo");
  }
  if (answers.known_photo.answer === "match") {
    values.push("known-fake-photo");
  }
  return values;
}

/** Signs a label: ECDSA over K-256 with a low S, of the SHA-256 of its canonical CBOR. */
export function sign(label: Label, key: Uint8Array): SignedLabel {
  return { ...label, sig: secp256k1.sign(encode(label), key) };
}

/** As JSON: bytes are an object, in base64 without padding. */
export function toJson({ sig, ...label }: SignedLabel): object {
  const $bytes = Buffer.from(sig).toString("base64").replace(/=+$/, "");
  return { ...label, sig: { $bytes } };
}
