import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import {
  type ActiveRollout,
  noRollouts,
  type RolloutFile,
  readRollouts,
  standardRolloutRule,
  toRollouts,
  withStep,
  writeRollouts,
} from "../../../src/contract/rollout.ts";

const models = mkdtempSync(join(tmpdir(), "kdnas-rollout-"));
const path = join(models, "rollout.json");
beforeEach(() => rmSync(path, { force: true }));
afterAll(() => rmSync(models, { recursive: true }));

const at = "2026-01-31T12:00:00Z";
const version = "0123456789ab";
const shadow: ActiveRollout = {
  candidate: { folder: `.candidates/one-${version}`, version },
  stage: "shadow",
  share: 0.1,
  stickyBy: "request",
  since: at,
  rule: standardRolloutRule,
};
const step = { at, to: "shadow", version, share: 0.1, reason: "better by 2 points" } as const;
const file = withStep(noRollouts, "one", shadow, step);

test("readRollouts() gives back what writeRollouts() wrote, and nothing where there is no file", () => {
  expect(readRollouts(models)).toEqual({ format: 1, rollouts: [] });
  writeRollouts(models, file);
  expect(readRollouts(models)).toEqual(file);
  expect(readdirSync(models)).toEqual(["rollout.json"]);
});

test("writeRollouts() refuses what no reader would take, and leaves the old file", () => {
  writeRollouts(models, file);
  const wrong: RolloutFile = withStep(file, "one", { ...shadow, share: 2 }, step);
  expect(() => writeRollouts(models, wrong)).toThrow(/share/);
  expect(readRollouts(models)).toEqual(file);
});

test("withStep() adds to one student's history and leaves the others as they are", () => {
  const two = withStep(file, "two", { ...shadow, candidate: { ...shadow.candidate, folder: ".candidates/two" } }, step);
  const after = withStep(two, "one", null, { at, to: "rolled-back", version, reason: "agreement 0.5 is below 0.85" });
  expect(after.rollouts.map(({ student }) => student)).toEqual(["one", "two"]);
  expect(after.rollouts[0]).toMatchObject({ now: null, history: [{ to: "shadow" }, { to: "rolled-back" }] });
  expect(after.rollouts[1]).toEqual(two.rollouts[1]);
});

test("withStep() forgets the oldest steps beyond 200", () => {
  let long = file;
  for (let i = 0; i < 250; i++) long = withStep(long, "one", shadow, { ...step, reason: `step ${i}` });
  expect(long.rollouts[0]?.history).toHaveLength(200);
  expect(long.rollouts[0]?.history.at(-1)?.reason).toBe("step 249");
});

const changed = (change: object) => JSON.stringify(withStep(noRollouts, "one", { ...shadow, ...change }, step));
const rule = (change: object) => changed({ rule: { ...standardRolloutRule, ...change } });
test.each([
  ["no JSON", "{", /rollout\.json: not usable: .*JSON/],
  ["another format", '{"format":2,"rollouts":[]}', /format/],
  ["a share above 1", changed({ share: 1.5 }), /share/],
  ["a share of nothing", changed({ share: 0 }), /share/],
  ["a stage that does not exist", changed({ stage: "half" }), /stage/],
  ["a folder elsewhere", changed({ candidate: { folder: "../other", version } }), /a folder in \.candidates/],
  ["a folder that climbs", changed({ candidate: { folder: ".candidates/../x", version } }), /a folder in \.candidates/],
  ["an agreement above 1", rule({ minAgreement: 98 }), /minAgreement/],
  ["no sample at all", rule({ minTexts: 0 }), /minTexts/],
  ["a stage that ends before it may", rule({ minMinutes: 60, maxMinutes: 30 }), /must not be above maxMinutes/],
  ["a field that nobody knows", changed({ agreement: 1 }), /agreement/],
  ["a student twice", JSON.stringify({ format: 1, rollouts: [...file.rollouts, ...file.rollouts] }), /listed twice/],
  [
    "two students with one candidate",
    JSON.stringify(withStep(file, "two", shadow, step)),
    /two students have the same candidate folder/,
  ],
])("toRollouts() refuses %s", (_, text, message) => {
  expect(() => toRollouts(path, text)).toThrow(message);
});

test("a file as operators write it by hand is read", () => {
  writeFileSync(path, JSON.stringify({ format: 1, rollouts: [{ student: "one", now: shadow, history: [] }] }));
  expect(readRollouts(models).rollouts[0]?.now).toEqual(shadow);
  expect(readFileSync(path, "utf8")).toContain("shadow");
});
