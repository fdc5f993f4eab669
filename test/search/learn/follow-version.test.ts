import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { followVersion } from "../../../search/learn/follow-version.ts";
import { readManifest } from "../../../src/contract/manifest.ts";
import { tinyManifest, writeTinyStudent } from "../../fixtures/tiny-student.ts";

const models = mkdtempSync(join(tmpdir(), "kdnas-follow-"));
afterAll(() => rmSync(models, { recursive: true, force: true }));
const manifestPath = (name: string) => join(models, name, "manifest.json");

test("followVersion() makes ensembles and cascades hold for a new version, and leaves those of others alone", () => {
  const small = { name: "small", version: writeTinyStudent(join(models, "small"), { name: "small" }).version };
  const { scores, latency } = tinyManifest({ name: "any" });
  const tasks = ["filter", "sentiment"].map((task) => ({ task, weights: [1, 1, 1] }));
  const ensemble = { members: [small, { name: "other", version: "0".repeat(12) }], tasks, scores, latency };
  const fitted = { threshold: 0.9, languages: {}, kept: 0.5, accuracy: 0.9, largeAccuracy: 0.9, rows: 9 };
  const cascade = {
    to: small,
    tasks: [
      { task: "filter", ...fitted },
      { task: "language", ...fitted },
    ],
  };
  writeTinyStudent(join(models, "large"), { name: "large", ensemble, cascade });
  writeTinyStudent(join(models, "alone"), { name: "alone" });
  const untouched = readFileSync(manifestPath("alone"));
  followVersion(models, { name: "small", version: "f".repeat(12) }, "a".repeat(12), []);
  expect(readManifest(manifestPath("large")).ensemble).toEqual(ensemble);
  followVersion(models, small, "a".repeat(12), ["filter"]);
  const { ensemble: joined, cascade: led } = readManifest(manifestPath("large"));
  expect(joined?.members.map(({ version }) => version)).toEqual(["a".repeat(12), "0".repeat(12)]);
  expect(led?.to).toEqual({ name: "small", version: "a".repeat(12) });
  // What it answers otherwise now is answered without it.
  expect(joined?.tasks.map(({ task }) => task)).toEqual(["sentiment"]);
  expect(led?.tasks.map(({ task }) => task)).toEqual(["language"]);
  expect(readFileSync(manifestPath("alone"))).toEqual(untouched);
});
