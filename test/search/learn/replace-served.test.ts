import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import type { Candidate } from "../../../search/complete/export-candidate.ts";
import { setStage } from "../../../search/export/candidate-folder.ts";
import { writeDescription } from "../../../search/export/write-description.ts";
import { replaceServed } from "../../../search/learn/replace-served.ts";
import { type Manifest, readManifest } from "../../../src/contract/manifest.ts";
import { standardRolloutRule } from "../../../src/contract/rollout.ts";
import { ConfigError } from "../../../src/errors.ts";
import { addedTask, tinyManifest, writeTinyStudent } from "../../fixtures/tiny-student.ts";

let models: string;
let old: Manifest;
let added: Candidate;
const live = (name: string) => readManifest(join(models, name, "manifest.json"));
beforeEach(() => {
  const root = mkdtempSync(join(tmpdir(), "kdnas-replace-"));
  models = join(root, "models");
  writeTinyStudent(join(models, "one"), { name: "one", layers: 0 });
  old = live("one");
  const { name, version } = old;
  const { scores, latency } = tinyManifest({ name: "any" });
  const members = [{ name, version }];
  writeTinyStudent(join(models, "other"), { name: "other", ensemble: { members, tasks: [], scores, latency } });
  const folder = join(root, "with-mood", "one");
  const declared = [addedTask("mood", ["low", "high"])];
  const manifest = writeTinyStudent(folder, { name: "one", layers: 0, declared });
  added = { manifest, files: { folder, names: Object.keys(manifest.files) } };
  return () => rmSync(root, { recursive: true, force: true });
});

const replace = () => replaceServed(models, old, added, ["mood"], () => {});
/** Of the only member of the other student's ensemble. */
const memberVersion = () => live("other").ensemble?.members[0]?.version;

test("replaceServed() puts the student in the place of the one that it was made from, and others follow", () => {
  replace();
  expect(live("one").version).toBe(added.manifest.version);
  expect(memberVersion()).toBe(added.manifest.version);
  expect(existsSync(join(models, "one", "heads.onnx"))).toBe(true);
});

test("replaceServed() leaves everything as it is where another command has written meanwhile, and says to run it again", () => {
  const ours = { ...old, seed: 7 };
  writeDescription(join(models, "one"), ours);
  expect(replace).toThrow(ConfigError);
  expect(replace).toThrow(/one.manifest\.json was changed by another command while this one ran, .*; run this again$/);
  expect(live("one")).toEqual(ours);
  expect(memberVersion()).toBe(old.version);
});

test("replaceServed() takes no place that a candidate has begun to follow meanwhile", () => {
  const candidate = { folder: ".candidates/one-00000000000a", version: "00000000000a" };
  const since = "2026-01-31T12:00:00.000Z";
  const shadow = { candidate, stage: "shadow", share: 0.5, stickyBy: "request", since } as const;
  setStage(models, "one", { ...shadow, rule: standardRolloutRule }, "a test");
  expect(replace).toThrow(/a candidate is beside one; end its rollout first \(npm run rollout\), then run this again/);
  expect(live("one")).toEqual(old);
  expect(memberVersion()).toBe(old.version);
});
