import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readManifest } from "../../../src/contract/manifest.ts";
import { start } from "../../e2e/command-line.ts";
import { writeTinyStudent } from "../../fixtures/tiny-student.ts";

const models = mkdtempSync(join(tmpdir(), "kdnas-cascade-"));
afterAll(() => rmSync(models, { recursive: true, force: true }));

const { name, version } = writeTinyStudent(join(models, "large"), {
  ...{ name: "large", layers: 1, seed: 6, score: 0.8 },
  latencyMs: [0.5, 0.5, 0.5],
});
const to = { name, version };
const fitted = (task: string, threshold: number) => ({
  ...{ task, threshold, languages: {} },
  ...{ kept: 0.5, accuracy: 0.9, largeAccuracy: 0.9, rows: 9 },
});
writeTinyStudent(join(models, "fast"), {
  ...{ name: "fast", layers: 0, seed: 5 },
  latencyMs: [0.05, 0.05, 0.05],
  cascade: { to, tasks: [fitted("mood", 0.7), fitted("sentiment", 0.6)] },
});

test("npm run cascade --write fits the tasks that the data judge, and leaves others as they were fitted", async () => {
  const args = ["--models", models, "--threads", "1", "--rows", "60", "--write"];
  const running = start("search/evaluate/cascade-main.ts", args);
  expect(await running.ended, running.stderr()).toBe(0);
  const { cascade } = readManifest(join(models, "fast", "manifest.json"));
  expect(cascade?.to).toEqual(to);
  expect(cascade?.tasks.map(({ task }) => task)).toEqual(["mood", "filter", "sentiment", "language"]);
  expect(cascade?.tasks[0]).toEqual(fitted("mood", 0.7));
  expect(cascade?.tasks[2]?.rows).toBeGreaterThan(9);
}, 60_000);
