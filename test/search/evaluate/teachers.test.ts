import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Corpus } from "../../../search/corpus/assemble.ts";
import { fineTunedFolders, measureTeachers } from "../../../search/evaluate/subjects.ts";
import { encodeTask } from "../../../search/student/encoded-task.ts";
import { fineTuneTeacher, readFineTuned } from "../../../search/teacher/fine-tune.ts";
import { readTeacher } from "../../../search/teacher/teacher.ts";
import { must } from "../../../src/invariant.ts";
import { taskNamed } from "../../../src/tasks/index.ts";
import { readTokenizer } from "../../../src/text/read-tokenizer.ts";
import { writeTinyTeacher } from "../../fixtures/tiny-teacher.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-teachers-"));
afterAll(() => rmSync(root, { recursive: true }));
const teacherFolder = join(root, "original");
writeTinyTeacher(teacherFolder, { kind: "bert", hidden: 32, ffn: 32 });

/** Runs that have fine-tuned it twice, for a task each. */
const tuned = join(root, "measured");
const rows = ["good day", "bad day", "good time", "bad time"].map((text, i) => {
  const label = i % 2 === 0 ? "1" : "0";
  return { text, language: "en", label, dataSet: "made", weight: 1 };
});
const toSentiment = (row: (typeof rows)[number]) => ({ ...row, label: row.label === "1" ? "2" : "0" });
const lists = { filter: rows, sentiment: rows.map(toSentiment) };
beforeAll(async () => {
  const teacher = readTeacher(teacherFolder);
  const tokenizer = readTokenizer(join(teacherFolder, "tokenizer.json"));
  for (const [name, examples] of Object.entries(lists)) {
    const task = taskNamed(name);
    const encoded = encodeTask(task, task.labels ?? [], examples, tokenizer, { maxTokens: 16, smoothing: 0 });
    await fineTuneTeacher(teacher, [encoded], {
      ...{ cacheFolder: join(tuned, "teacher"), tokens: 200, frozenLayers: 1, threads: 1, seed: 1 },
      ...{ dataSetShare: () => 1, onProgress: () => undefined },
    });
  }
});

/** A fine-tuned teacher of these tasks, `age` seconds old. */
function leave(runs: string, name: string, tasks: readonly string[], age: number): string {
  const folder = join(runs, "teacher", name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "tasks.json"), JSON.stringify(tasks.map((task) => ({ name: task, labels: ["a", "b"] }))));
  const weights = join(folder, "weights.safetensors");
  writeFileSync(weights, "");
  const time = Date.now() / 1000 - age;
  utimesSync(weights, time, time);
  return folder;
}

test("fineTunedFolders() lets the newest teacher of a task speak for it, and none that was not finished", () => {
  const runs = join(root, "runs");
  const all = leave(runs, "all", ["filter", "sentiment", "language"], 300);
  const older = leave(runs, "older", ["sentiment"], 200);
  const newer = leave(runs, "newer", ["sentiment"], 100);
  mkdirSync(join(runs, "teacher", "unfinished"));
  // What is measured is kept beside the weights: the folder changes, the teacher does not.
  writeFileSync(join(older, "measured-0.json"), "");
  const found = fineTunedFolders(runs, teacherFolder);
  expect(found).toEqual(
    new Map([
      [newer, ["sentiment"]],
      [all, ["filter", "language"]],
    ]),
  );
  expect(found.has(older)).toBe(false);
  expect(fineTunedFolders(runs, join(root, "nowhere")).size).toBe(0);
});

test("measureTeachers() scores each on its own tasks, as if they were one", async () => {
  const validation = Object.entries(lists).map(([task, own]) => ({ task, dataSet: "made", language: "en", rows: own }));
  const corpus = { validation } as unknown as Corpus;
  const measured = await measureTeachers(teacherFolder, fineTunedFolders(tuned, teacherFolder), corpus, 1, () => {});
  expect(measured.scores.map(({ task, rows }) => [task, rows]).sort()).toEqual([
    ["filter", 4],
    ["sentiment", 4],
  ]);
  expect(measured.calibration.map(({ task }) => task).sort()).toEqual(["filter", "sentiment"]);
});

test("a fine-tuned teacher belongs to the one that it was fine-tuned from, and to no other", () => {
  const other = join(root, "other");
  writeTinyTeacher(other, { kind: "bert", hidden: 32, ffn: 32, seed: 2 });
  const [folder] = fineTunedFolders(tuned, teacherFolder).keys();
  expect(fineTunedFolders(tuned, other).size).toBe(0);
  expect(() => readFineTuned(readTeacher(other), must(folder))).toThrow("was fine-tuned from another teacher");
});
