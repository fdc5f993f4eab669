import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Manifest, readManifest } from "../../src/contract/manifest.ts";
import { readRollouts } from "../../src/contract/rollout.ts";
import { writeTinyStudent } from "../fixtures/tiny-student.ts";
import { runToEnd } from "./command-line.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-rollout-"));
const [models, run] = [join(root, "models"), join(root, "run")];
let before: Manifest;
let better: Manifest;
beforeAll(() => {
  mkdirSync(models);
  before = writeTinyStudent(join(models, "one"), { name: "one", layers: 0 });
  better = writeTinyStudent(run, { name: "one", layers: 0, seed: 2 });
});
afterAll(() => rmSync(root, { recursive: true }));

const rollout = (...args: string[]) => runToEnd("search/rollout-main.ts", ["--models", models, ...args]);
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

  const again = await rollout("--student", "one", "--to", "rolled-back");
  expect(again).toEqual({ code: 2, stdout: again.stdout, stderr: "error: no candidate is beside one\n" });
}, 120_000);
