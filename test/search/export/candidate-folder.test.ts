import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import {
  finishPromotions,
  placeCandidate,
  promoteCandidate,
  rollBack,
  setStage,
} from "../../../search/export/candidate-folder.ts";
import { readManifest } from "../../../src/contract/manifest.ts";
import { type ActiveRollout, readRollouts, standardRolloutRule } from "../../../src/contract/rollout.ts";
import { writeTinyStudent } from "../../fixtures/tiny-student.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-candidate-"));
const models = join(root, "models");
const later = new Date("2026-02-01T00:00:00Z");
let live: string;
let next: string;
beforeEach(() => {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(models, { recursive: true });
  live = writeTinyStudent(join(models, "one"), { name: "one", layers: 0 }).version;
  next = writeTinyStudent(join(root, "run"), { name: "one", layers: 0, seed: 2 }).version;
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const served = () => readManifest(join(models, "one", "manifest.json")).version;
const rollout = () => readRollouts(models).rollouts[0];
const folders = () => readdirSync(join(models, ".candidates")).sort();

function putAside(): void {
  mkdirSync(join(models, ".replaced"));
  renameSync(join(models, "one"), join(models, ".replaced", "one"));
}

function begin(stage: ActiveRollout["stage"] = "shadow") {
  const { candidate } = placeCandidate(models, join(root, "run"));
  const since = "2026-01-31T00:00:00Z";
  setStage(
    models,
    "one",
    { candidate, stage, share: 0.1, stickyBy: "request", since, rule: standardRolloutRule },
    "why",
  );
  return join(models, candidate.folder);
}

test("placeCandidate() copies a student beside the live one and drops those that nothing names any more", () => {
  mkdirSync(join(models, ".candidates", "one-000000000000.partial"), { recursive: true });
  mkdirSync(join(models, ".candidates", "one-two-000000000000"));
  const { candidate, manifest } = placeCandidate(models, join(root, "run"));
  expect(manifest.version).toBe(next);
  expect(candidate).toEqual({ folder: `.candidates/one-${next}`, version: next });
  expect(folders()).toEqual([`one-${next}`, "one-two-000000000000"]);
  expect(readdirSync(join(models, candidate.folder))).toEqual(readdirSync(join(root, "run")));
});

test("placeCandidate() refuses a student that none is live for, and the live version itself", () => {
  writeTinyStudent(join(root, "other"), { name: "other", layers: 0 });
  expect(() => placeCandidate(models, join(root, "other"))).toThrow(/holds no student other/);
  expect(() => placeCandidate(models, join(models, "one"))).toThrow(/is the live version already/);
});

test("promoteCandidate() puts the candidate into the live student's place, keeps the old one and says so", () => {
  const folder = begin("canary");
  promoteCandidate(models, "one", "held its rule", later);
  expect(served()).toBe(next);
  expect(existsSync(folder)).toBe(false);
  expect(folders()).toEqual([`one-${live}`]);
  expect(rollout()?.now).toBeNull();
  expect(rollout()?.history.map(({ to, reason }) => [to, reason])).toEqual([
    ["canary", "why"],
    ["promoting", "held its rule"],
    ["promoted", `in the place of version ${live}`],
  ]);
});

test("promoteCandidate() refuses a candidate without a task of the live student, and changes nothing", () => {
  writeTinyStudent(join(root, "run"), { name: "one", layers: 0, seed: 3, tasks: ["sentiment"] });
  begin("canary");
  const promote = () => promoteCandidate(models, "one", "held its rule", later);
  expect(promote).toThrow(/does not answer filter, language, adequacy, which the live student does/);
  expect(served()).toBe(live);
  expect(rollout()?.now?.stage).toBe("canary");
});

test.each([
  ["before the first rename", () => {}],
  ["between the renames", () => putAside()],
  [
    "after the second rename",
    (folder: string) => {
      putAside();
      renameSync(folder, join(models, "one"));
    },
  ],
])("finishPromotions() finishes what was killed %s", (_, until) => {
  until(begin("promoting"));
  expect(finishPromotions(models, later)).toEqual(["one"]);
  expect(served()).toBe(next);
  expect(folders()).toEqual([`one-${live}`]);
  expect(existsSync(join(models, ".replaced"))).toBe(false);
  expect(rollout()).toMatchObject({ now: null, history: [{ to: "promoting" }, { to: "promoted" }] });
  expect(finishPromotions(models, later)).toEqual([]);
});

test("rollBack() leaves the live student where it is, and refuses where there is no candidate", () => {
  begin();
  rollBack(models, "one", "agreement 0.4", later);
  expect(served()).toBe(live);
  expect(rollout()?.now).toBeNull();
  expect(rollout()?.history.at(-1)).toMatchObject({ to: "rolled-back", version: next, reason: "agreement 0.4" });
  expect(() => rollBack(models, "one", "again", later)).toThrow(/no candidate is beside one/);
  begin("promoting");
  expect(() => rollBack(models, "one", "too late", later)).toThrow(/being promoted/);
});
