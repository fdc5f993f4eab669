import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { Candidate } from "../../../search/complete/export-candidate.ts";
import { learnedFromFeedback } from "../../../search/corrections/feedback-set.ts";
import { addTasks } from "../../../search/learn/add-tasks.ts";
import { learnCorrections } from "../../../search/learn/learn-corrections.ts";
import { encodeBeside } from "../../../search/student/encode-corpus.ts";
import { asBeside } from "../../../src/tasks/declared.ts";
import { corpusOf, fresh, isPolar, known, labels, madeConfig, makeStudent, polar, rows } from "../made-student.ts";

let made: Awaited<ReturnType<typeof makeStudent>>;

beforeAll(async () => {
  made = await makeStudent();
  return () => made.remove();
});

/** A finished student in a run's folder of its own, and a file of what users said. */
async function finished(
  words: typeof known,
  count: number,
  task = "sentiment",
  labelOf = (row: string) => labels[Number(row)],
) {
  const { folder, candidate } = await made.finished();
  const records = rows(words, count, 3).map(({ text, label }, i) => ({
    ...{ id: String(i).padStart(24, "0"), at: "2026-01-31T12:00:00Z", task, texts: [text], key: null },
    label: labelOf(label),
  }));
  const feedback = join(folder, "feedback.jsonl");
  const header = { format: 1, salt: "0".repeat(32), created: "2026-01-31T12:00:00Z" };
  writeFileSync(feedback, [header, ...records].map((line) => `${JSON.stringify(line)}\n`).join(""));
  return { folder, candidate, feedback };
}

async function learn({ candidate, feedback }: { candidate: Candidate; feedback: string }, materials = made.materials) {
  const log: string[] = [];
  let replays = 0;
  const replay = () => {
    replays++;
    return Promise.resolve(made.materials.tasks);
  };
  const learned = await learnCorrections({ ...madeConfig, feedback }, materials, { candidate, replay }, (line) =>
    log.push(line),
  );
  return { learned, log: log.join("\n"), replays };
}

test("learnCorrections() teaches a student what users said, without loss on what it knew, and once", async () => {
  const { candidate, ...given } = await finished(fresh, 240);
  const tasks = candidate.manifest.tasks.map((task) => ({ ...task, threshold: 0.9 }));
  // Of data that are not there any more.
  const dataSets = [...candidate.manifest.dataSets, { name: "older", licence: "none", source: "there" }];
  const run = { ...given, candidate: { ...candidate, manifest: { ...candidate.manifest, tasks, dataSets } } };
  const { learned, log } = await learn(run);
  expect(log).toMatch(/made · 240 corrections: \d+ to learn from, \d+ held out/);
  expect(log).toMatch(/has learned: of the held-out corrections [\d.]+ % are right, before [\d.]+ %/);
  expect(learned.base?.version).toBe(run.candidate.manifest.version);
  expect(learned.manifest.version).not.toBe(run.candidate.manifest.version);
  expect([learned, run.candidate].map(({ manifest }) => learnedFromFeedback(manifest))).toEqual([true, false]);
  expect(learned.manifest.dataSets.map(({ name }) => name)).toEqual(["made", "older", "feedback"]);
  expect(existsSync(join(learned.files.folder, "model.onnx"))).toBe(true);
  // An own threshold, which fitting anew would not give a task of three labels, is still there.
  expect(learned.manifest.tasks.map(({ threshold }) => threshold)).toEqual([0.9]);
  const again = await learn(run);
  expect([again.replays, again.learned.manifest]).toEqual([0, learned.manifest]);
}, 180_000);

test("learnCorrections() teaches a task that was added to the finished student, and nothing else changes", async () => {
  const { folder, candidate, feedback } = await finished(fresh, 240, "polar", (label) =>
    label === "1" ? "none" : "polar",
  );
  const more = corpusOf(polar, isPolar);
  const added = await addTasks(madeConfig, more, candidate, join(folder, "added"), () => {});
  const own = made.materials.corpus;
  const corpus = {
    ...own,
    tasks: [...own.tasks, asBeside(polar)],
    train: new Map([...own.train, ...more.train]),
    labels: new Map([...own.labels, ...more.labels]),
    validation: [...own.validation, ...more.validation],
  };
  const beside = encodeBeside(corpus, made.materials.tokenizer, { maxTokens: 32, smoothing: 0.05 });
  const { learned, log, replays } = await learn({ candidate: added, feedback }, { ...made.materials, corpus, beside });
  expect(log).toMatch(/has learned: of the held-out corrections [\d.]+ % are right, before [\d.]+ %/);
  expect(replays).toBe(0);
  const graph = (of: Candidate) => readFileSync(join(of.files.folder, "model.onnx"));
  expect(graph(learned)).toEqual(graph(candidate));
}, 180_000);

test("learnCorrections() leaves the student as it was where there is nothing to gain, and remembers that", async () => {
  const run = await finished(known, 240);
  const { learned, log } = await learn(run);
  expect(learned).toBe(run.candidate);
  expect(log).toMatch(/stays as it was: of the held-out corrections it gets [\d.]+ % right, before 100\.0 %/);
  expect((await learn(run)).replays).toBe(0);
}, 180_000);

test("learnCorrections() does nothing by a handful of corrections, and says how many are needed", async () => {
  const run = await finished(fresh, 12);
  const { learned, log, replays } = await learn(run);
  expect(learned).toBe(run.candidate);
  expect(replays).toBe(0);
  expect(log).toMatch(/too few to tell whether the others help; 20 are needed, one in five is held out/);
  expect(readdirSync(run.folder).some((name) => name.startsWith("corrected-"))).toBe(false);
}, 60_000);
