import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { readFlags } from "../../search/command/command.ts";
import { rolloutCommand, rollout as rolloutOf } from "../../search/rollout-command.ts";
import { type Manifest, readManifest } from "../../src/contract/manifest.ts";
import { readRollouts } from "../../src/contract/rollout.ts";
import { ConfigError } from "../../src/errors.ts";
import { writeTinyStudent } from "../fixtures/tiny-student.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-rollout-command-"));
const [models, run] = [join(root, "models"), join(root, "run")];
let before: Manifest;
beforeEach(() => {
  for (const folder of [models, run]) rmSync(folder, { recursive: true, force: true });
  mkdirSync(models);
  before = writeTinyStudent(join(models, "one"), { name: "one", layers: 0 });
  writeTinyStudent(run, { name: "one", layers: 0, seed: 2 });
});
afterAll(() => rmSync(root, { recursive: true }));

/** What the command says, as lines. */
function rollout(...args: string[]): string {
  const lines: string[] = [];
  rolloutOf(readFlags(rolloutCommand, ["--models", models, ...args], {}), (line) => void lines.push(line));
  return lines.join("\n");
}
const live = () => readManifest(join(models, "one", "manifest.json")).version;
const now = () => readRollouts(models).rollouts.find(({ student }) => student === "one")?.now;

test("rollout() takes a candidate away, and the live student stays", () => {
  rollout("--candidate", run, "--to", "canary");
  const back = rollout("--student", "one", "--to", "rolled-back", "--reason", "too slow");
  expect(back).toContain("rolled-back: too slow");
  expect(live()).toBe(before.version);
  expect(now()).toBeNull();
});

test("rollout() refuses a candidate of another name, or without a task of the live student, before older ones are removed", () => {
  const older = "one-000000000000";
  mkdirSync(join(models, ".candidates", older), { recursive: true });
  const partial = join(root, "partial");
  writeTinyStudent(partial, { name: "one", layers: 0, seed: 3, tasks: ["sentiment"] });
  expect(() => rollout("--candidate", run, "--student", "two", "--to", "shadow")).toThrow(/is called one/);
  const lacking = () => rollout("--candidate", partial, "--to", "shadow");
  expect(lacking).toThrow(ConfigError);
  expect(lacking).toThrow(/does not answer filter, language, adequacy, which the live student does/);
  expect(readdirSync(join(models, ".candidates"))).toEqual([older]);
  expect(now() ?? null).toBeNull();
});

test("rollout() keeps the share and by what it is drawn, and makes no canary of more than a tenth by itself", () => {
  rollout("--candidate", run, "--to", "shadow");
  expect(now()).toMatchObject({ stage: "shadow", share: 0.1, stickyBy: "request" });
  rollout("--student", "one", "--to", "shadow", "--share", "0.02", "--sticky-by", "key");
  rollout("--student", "one", "--to", "canary");
  expect(now()).toMatchObject({ stage: "canary", share: 0.02, stickyBy: "key" });
  rollout("--student", "one", "--to", "canary", "--share", "0.5");
  rollout("--student", "one", "--to", "shadow");
  expect(now()).toMatchObject({ stage: "shadow", share: 0.5, stickyBy: "key" });
  rollout("--student", "one", "--to", "canary");
  expect(now()).toMatchObject({ stage: "canary", share: 0.1, stickyBy: "key" });
});

test.each<[RegExp, (run: string) => string[]]>([
  [/--candidate needs --to/, (run) => ["--candidate", run]],
  [/no candidate is beside one/, () => ["--student", "one", "--to", "canary"]],
  [/takes --student, not --candidate/, (run) => ["--candidate", run, "--to", "promoted"]],
  [/--share is above 0/, (run) => ["--candidate", run, "--to", "shadow", "--share", "0"]],
  [/--to is one of shadow, canary, promoted, rolled-back/, () => ["--student", "one", "--to", "live"]],
  [/is called one/, (run) => ["--candidate", run, "--student", "two", "--to", "shadow"]],
  [/missing/, () => ["--to", "promoted"]],
])("rollout() refuses what it cannot do and changes nothing: %s", (line, args) => {
  const refused = () => rollout(...args(run));
  expect(refused).toThrow(ConfigError);
  expect(refused).toThrow(line);
  expect(now() ?? null).toBeNull();
  expect(live()).toBe(before.version);
});
