import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { type Manifest, readManifest } from "../../src/contract/manifest.ts";
import { readRollouts } from "../../src/contract/rollout.ts";
import { writeTinyStudent } from "../fixtures/tiny-student.ts";
import { start } from "./command-line.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-rollout-"));
const [models, run] = [join(root, "models"), join(root, "run")];
let before: Manifest;
let better: Manifest;
beforeEach(() => {
  for (const folder of [models, run]) rmSync(folder, { recursive: true, force: true });
  mkdirSync(models);
  before = writeTinyStudent(join(models, "one"), { name: "one", layers: 0 });
  better = writeTinyStudent(run, { name: "one", layers: 0, seed: 2 });
});
afterAll(() => rmSync(root, { recursive: true }));

async function rollout(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const running = start("search/rollout-main.ts", ["--models", models, ...args]);
  return { code: await running.ended, stdout: running.stdout(), stderr: running.stderr() };
}
const live = () => readManifest(join(models, "one", "manifest.json")).version;
const now = () => readRollouts(models).rollouts.find(({ student }) => student === "one")?.now;

test("npm run rollout takes a candidate through shadow and canary into the live one's place", async () => {
  const shadow = await rollout("--candidate", run, "--to", "shadow", "--share", "0.2");
  expect(shadow).toMatchObject({ code: 0, stderr: "" });
  expect(shadow.stdout).toContain(`${better.version} in shadow`);
  expect(now()).toMatchObject({ stage: "shadow", share: 0.2, candidate: { version: better.version } });
  expect(live()).toBe(before.version);

  await rollout("--student", "one", "--to", "canary", "--share", "0.05", "--sticky-by", "key");
  expect(now()).toMatchObject({ stage: "canary", share: 0.05, stickyBy: "key" });

  const promoted = await rollout("--student", "one", "--to", "promoted", "--reason", "it is better");
  expect(promoted.stdout).toContain(`${better.version} promoting: it is better`);
  expect(promoted.stdout).toContain(`${better.version} promoted: in the place of version ${before.version}`);
  expect(live()).toBe(better.version);
  expect(now()).toBeNull();
}, 60_000);

test("npm run rollout takes a candidate away, and the live student stays", async () => {
  await rollout("--candidate", run, "--to", "canary");
  const back = await rollout("--student", "one", "--to", "rolled-back", "--reason", "too slow");
  expect(back.stdout).toContain("rolled-back: too slow");
  expect(live()).toBe(before.version);
  expect(now()).toBeNull();
}, 60_000);

test("npm run rollout refuses what it cannot do with one line, and changes nothing", async () => {
  const cases: [RegExp, ...string[]][] = [
    [/--candidate needs --to/, "--candidate", run],
    [/no candidate is beside one/, "--student", "one", "--to", "canary"],
    [/takes --student, not --candidate/, "--candidate", run, "--to", "promoted"],
    [/--share is above 0/, "--candidate", run, "--to", "shadow", "--share", "0"],
    [/--to is one of shadow, canary, promoted, rolled-back/, "--to", "live"],
    [/is called one/, "--candidate", run, "--student", "two", "--to", "shadow"],
    [/missing/, "--to", "promoted"],
  ];
  for (const [line, ...args] of cases) {
    const { code, stderr } = await rollout(...args);
    expect(stderr, args.join(" ")).toMatch(line);
    expect(stderr.trim().split("\n"), args.join(" ")).toHaveLength(1);
    expect(code, args.join(" ")).toBeGreaterThan(0);
    expect(now() ?? null, args.join(" ")).toBeNull();
  }
  expect(live()).toBe(before.version);
}, 120_000);
