import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { learnedFromFeedback } from "../../search/corrections/feedback-set.ts";
import type { Candidate } from "../../search/export-candidate.ts";
import { learnCorrections } from "../../search/learn-corrections.ts";
import { fresh, known, labels, madeConfig, makeStudent, rows } from "./made-student.ts";

let made: Awaited<ReturnType<typeof makeStudent>>;

beforeAll(async () => {
  made = await makeStudent();
  return () => made.remove();
});

/** A finished student in a run's folder of its own, and a file of what users said. */
async function finished(words: typeof known, count: number) {
  const { folder, candidate } = await made.finished();
  const records = rows(words, count, 3).map(({ text, label }, i) => ({
    ...{ id: String(i).padStart(24, "0"), at: "2026-01-31T12:00:00Z", task: "sentiment", texts: [text], key: null },
    label: labels[Number(label)],
  }));
  const feedback = join(folder, "feedback.jsonl");
  const header = { format: 1, salt: "0".repeat(32), created: "2026-01-31T12:00:00Z" };
  writeFileSync(feedback, [header, ...records].map((line) => `${JSON.stringify(line)}\n`).join(""));
  return { folder, candidate, feedback };
}

async function learn({ candidate, feedback }: { candidate: Candidate; feedback: string }) {
  const log: string[] = [];
  let replays = 0;
  const replay = () => {
    replays++;
    return Promise.resolve(made.materials.tasks);
  };
  const learned = await learnCorrections({ ...madeConfig, feedback }, made.materials, { candidate, replay }, (line) =>
    log.push(line),
  );
  return { learned, log: log.join("\n"), replays };
}

test("learnCorrections() teaches a student what users said, without loss on what it knew, and once", async () => {
  const { candidate, ...given } = await finished(fresh, 240);
  const tasks = candidate.manifest.tasks.map((task) => ({ ...task, threshold: 0.9 }));
  const run = { ...given, candidate: { ...candidate, manifest: { ...candidate.manifest, tasks } } };
  const { learned, log } = await learn(run);
  expect(log).toMatch(/made · 240 corrections: \d+ to learn from, \d+ held out/);
  expect(log).toMatch(/has learned: of the held-out corrections [\d.]+ % are right, before [\d.]+ %/);
  expect(learned.base?.version).toBe(run.candidate.manifest.version);
  expect(learned.manifest.version).not.toBe(run.candidate.manifest.version);
  expect([learned, run.candidate].map(({ manifest }) => learnedFromFeedback(manifest))).toEqual([true, false]);
  expect(existsSync(join(learned.files.folder, "model.onnx"))).toBe(true);
  // An own threshold, which fitting anew would not give a task of three labels, is still there.
  expect(learned.manifest.tasks.map(({ threshold }) => threshold)).toEqual([0.9]);
  const again = await learn(run);
  expect([again.replays, again.learned.manifest]).toEqual([0, learned.manifest]);
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
