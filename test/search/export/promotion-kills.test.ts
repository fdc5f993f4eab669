import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readSlots } from "../../../search/control/known-students.ts";
import { findStudents } from "../../../search/evaluate/subjects.ts";
import { finishPromotions, placeCandidate, setStage } from "../../../search/export/candidate-folder.ts";
import { promote } from "../../../search/export/export-student.ts";
import { readManifest } from "../../../src/contract/manifest.ts";
import { studentFolder, studentNames } from "../../../src/contract/models-folder.ts";
import { readRollouts, standardRolloutRule } from "../../../src/contract/rollout.ts";
import { start } from "../../e2e/command-line.ts";
import { writeTinyStudent } from "../../fixtures/tiny-student.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-promotion-kills-"));
const made = join(root, "made");
let versions: { readonly old: string; readonly fresh: string };
beforeAll(() => {
  mkdirSync(join(made, "models"), { recursive: true });
  const old = writeTinyStudent(join(made, "models", "one-2ms"), { name: "one-2ms", layers: 0 }).version;
  const fresh = writeTinyStudent(join(made, "run"), { name: "one-2ms", layers: 0, seed: 2 }).version;
  versions = { old, fresh };
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const since = "2026-01-31T00:00:00Z";
const ways = {
  promote: {
    prepare: () => {},
    finish: (home: string) => promote({ folder: join(home, "run"), names: [] }, join(home, "models"), "one-2ms"),
    left: () => ["one-2ms"],
  },
  promoteCandidate: {
    prepare: (models: string, run: string) => {
      const { candidate } = placeCandidate(models, run);
      const rule = standardRolloutRule;
      setStage(models, "one-2ms", { candidate, stage: "canary", share: 1, stickyBy: "request", since, rule }, "a test");
    },
    finish: (home: string) => finishPromotions(join(home, "models"), new Date()),
    left: () => [".candidates", "one-2ms", `one-2ms-${versions.old}`],
  },
} as const;

/** More than there are: the last ones end by themselves. */
const steps = Array.from({ length: 18 }, (_, i) => i + 1);

/** Promotes in a folder of its own until it is killed. @returns whether it was. */
async function killedAt(step: number, way: keyof typeof ways): Promise<boolean> {
  const home = homeOf(step, way);
  cpSync(made, home, { recursive: true });
  ways[way].prepare(join(home, "models"), join(home, "run"));
  const running = start("test/search/export/killed-promotion.ts", [home, way, String(step)]);
  const code = await running.ended;
  expect(code === null || code === 0, running.stderr()).toBe(true);
  return code === null;
}

const homeOf = (step: number, way: string) => join(root, `${way}-${step}`);

/** What every reader sees of the models folder: server, search, train, learn, evaluate, control and rollout ask these. */
function seen(models: string): string {
  expect(studentNames(models)).toEqual(["one-2ms"]);
  const { version } = readManifest(join(studentFolder(models, "one-2ms"), "manifest.json"));
  expect(findStudents(models).map(({ manifest }) => manifest.version)).toEqual([version]);
  const slots = readSlots({ models, runs: join(models, "..", "runs") }, []);
  expect(slots.map(({ live }) => live.manifest.version)).toEqual([version]);
  const { files } = readManifest(join(studentFolder(models, "one-2ms"), "manifest.json"));
  expect(readdirSync(studentFolder(models, "one-2ms"))).toEqual(expect.arrayContaining(Object.keys(files)));
  return version;
}

test.each(["promote", "promoteCandidate"] as const)(
  "%s() that is killed at any of its steps leaves one live version, old or new, and the next one finishes it",
  async (way) => {
    const killed: boolean[] = [];
    // A few at a time: each is a process of its own, which compiles what it runs.
    for (let i = 0; i < steps.length; i += 3)
      killed.push(...(await Promise.all(steps.slice(i, i + 3).map((step) => killedAt(step, way)))));
    expect(killed.lastIndexOf(true)).toBe(killed.indexOf(false) - 1);
    expect(killed.at(-1)).toBe(false);
    const versionsSeen = steps.map((step) => seen(join(homeOf(step, way), "models")));
    const { old, fresh } = versions;
    const switched = versionsSeen.indexOf(fresh);
    expect(versionsSeen).toEqual([...Array(switched).fill(old), ...Array(steps.length - switched).fill(fresh)]);
    // The place of the live student is empty at some step, or this would test nothing.
    expect(steps.filter((step) => !existsSync(join(homeOf(step, way), "models", "one-2ms")))).toHaveLength(1);
    for (const step of steps) {
      const models = join(homeOf(step, way), "models");
      ways[way].finish(homeOf(step, way));
      // Killed before it said that it was promoting, it had not begun.
      const isBegun = readRollouts(models).rollouts[0]?.now?.stage !== "canary";
      expect([step, seen(models)]).toEqual([step, isBegun ? fresh : old]);
      if (isBegun) expect([step, leftIn(models)]).toEqual([step, ways[way].left()]);
    }
  },
  180_000,
);

/** Folders of the models folder, and of the candidates'. */
function leftIn(models: string): string[] {
  const folders = (path: string) =>
    existsSync(path) ? readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory()) : [];
  return [...folders(models), ...folders(join(models, ".candidates"))].map(({ name }) => name).sort();
}
