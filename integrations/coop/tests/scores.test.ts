/** The numbers and the manifest, without a service. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Report } from "photocheck";

import plugin from "../src/index.js";
import { KNOWN_PHOTO, MADE_BY_AI, MODEL } from "../src/figures.js";
import { knownPhoto, madeByAi, NoScore, similarity } from "../src/scores.js";
import { readSettings } from "../src/service.js";

type Answer<K extends "made_by_ai" | "known_photo"> = Report["answers"][K]["answer"];

function scored(answer: Answer<"made_by_ai">, score: number | undefined, model: string = MODEL) {
  const synthetic =
    score === undefined ? { state: "not_applicable" } : { state: "evaluated", score, faces: [] };
  const made = { answer, message: "as a test has it", code: "NO_FACE_FOUND" };
  const report = { answers: { made_by_ai: made }, evidence: { synthetic }, versions: { model } };
  return madeByAi(report as unknown as Report);
}

function matched(answer: Answer<"known_photo">, ...matches: [number, string, string][]) {
  const known = { answer, message: "as a test has it", code: "NO_BANKS" };
  const evidence = {
    matches: matches.map(([distance, purpose, opinion]) => ({ distance, purpose, opinion })),
  };
  return knownPhoto({ answers: { known_photo: known }, evidence } as unknown as Report);
}

const noScore = (code: string) => (error: unknown) =>
  error instanceof NoScore && error.code === code;

test("a score is never on the other side of a threshold than the answer", () => {
  const { unsure, suspect } = MADE_BY_AI;
  assert.equal(scored("declared", undefined), 1);
  assert.equal(scored("likely", 0.99), 0.99);
  assert.equal(scored("unsure", 0.8), 0.8);
  // It passes the threshold, and small changes of the photo take it below.
  const unstable = scored("unsure", 0.999);
  assert.ok(unsure.score <= unstable && unstable < suspect.score);
  assert.equal(scored("no_sign", 0.1), 0.1);
  assert.ok(scored("no_sign", 0.999) < unsure.score);
  assert.throws(() => scored("not_judged", undefined), noScore("NO_FACE_FOUND"));
  assert.throws(() => scored("likely", 0.99, "synthetic-0"), noScore("OTHER_MODEL"));
});

test("only what counts against a photo makes it a known one", () => {
  const { distanceMax, distanceWideMax } = KNOWN_PHOTO;
  assert.equal(matched("match", [0, "known_fake", "confirmed"]), 1);
  assert.equal(matched("match", [distanceMax, "known_fake", "confirmed"]), similarity(distanceMax));
  const two = matched("match", [40, "known_fake", "confirmed"], [2, "known_fake", "disputed"]);
  assert.equal(two, similarity(40));
  assert.ok(similarity(distanceWideMax) <= two && two < similarity(distanceMax));
  const unsure = matched("unsure", [0, "known_fake", "unsure"]);
  assert.ok(similarity(distanceWideMax) <= unsure && unsure < similarity(distanceMax));
  assert.equal(matched("allowed", [0, "allow", "confirmed"], [0, "known_fake", "confirmed"]), 0);
  assert.equal(matched("no_match"), 0);
  assert.throws(() => matched("not_compared"), noScore("NO_BANKS"));
});

test("the manifest is what Coop asks for", () => {
  const { id, modelCard, signalTypeIds, version, name, requiresConfig } = plugin.manifest;
  assert.match(id, /^[A-Z]+(_[A-Z]+)*$/);
  assert.ok(name && version && requiresConfig);
  // The sections without which Coop does not start.
  for (const section of [
    "trainingData",
    "policyAndTaxonomy",
    "annotationMethodology",
    "performanceBenchmarks",
    "biasAndLimitations",
    "implementationGuidance",
    "relevantLinks",
  ]) {
    const found = modelCard.sections.filter((it) => it.id === section);
    assert.equal(found.length, 1, section);
    assert.ok(
      found[0]!.fields.every(({ label, value }) => label && value),
      section,
    );
  }
  assert.doesNotMatch(JSON.stringify(modelCard), /undefined|NaN/);
  const context = { integrationId: id, getCredential: async () => ({}) };
  const signals = plugin.createSignals(context);
  assert.deepEqual(
    signals.map(({ signalTypeId }) => signalTypeId),
    signalTypeIds,
  );
  for (const { signalTypeId, signal } of signals) {
    assert.deepEqual([signal.id.type, signal.integration], [signalTypeId, id]);
    const { highPrecisionThreshold: high, highRecallThreshold: low } = signal.recommendedThresholds;
    assert.ok(0 < low && low < high && high < 1);
  }
});

test("who runs Coop has the last word on where the service is", () => {
  const config = { serviceUrl: " https://a.example/ ", apiKey: " key " };
  assert.deepEqual(readSettings(config, ""), { url: "https://a.example/", key: "key" });
  assert.deepEqual(readSettings(config, "https://b.example"), {
    url: "https://b.example",
    key: "key",
  });
  for (const bad of [{}, null, { serviceUrl: "photocheck" }, { serviceUrl: "file:///etc" }]) {
    assert.equal(typeof readSettings(bad, ""), "string");
  }
});
