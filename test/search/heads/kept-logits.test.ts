import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { memberAdviser } from "../../../search/complete/ensemble.ts";
import { keptLogits } from "../../../search/heads/kept-logits.ts";
import { openStudentClassifier } from "../../../search/heads/open-classifier.ts";
import { pairLogits } from "../../../search/heads/predict.ts";
import { teacherAdviser, teacherClassifier } from "../../../search/heads/teacher-classifier.ts";
import { encoderOf, encodeTask } from "../../../search/student/encoded-task.ts";
import { fineTuneTeacher } from "../../../search/teacher/fine-tune.ts";
import { readTeacher } from "../../../search/teacher/teacher.ts";
import { must } from "../../../src/invariant.ts";
import { taskNamed } from "../../../src/tasks/index.ts";
import { toBatch } from "../../../src/text/batch.ts";
import { readTokenizer } from "../../../src/text/read-tokenizer.ts";
import { writeTinyStudent } from "../../fixtures/tiny-student.ts";
import { writeTinyTeacher } from "../../fixtures/tiny-teacher.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-kept-logits-"));
afterAll(() => rmSync(root, { recursive: true }));
writeTinyTeacher(join(root, "teacher"), { kind: "bert", hidden: 32, ffn: 32 });
const teacher = readTeacher(join(root, "teacher"));
const tokenizer = readTokenizer(join(root, "teacher", "tokenizer.json"));
const task = taskNamed("sentiment");
const texts = ["the bad phone", "great", "it was a good day", "they hate my phone", "love the day"];
const sequences = texts.map((text) => tokenizer.encode(text, 16).ids);
const single = (ids: Int32Array) => ({ ids, pairIds: null, surface: null });
const examples = texts.map((text, i) => ({ text, language: "en", label: String(i % 3), dataSet: "made", weight: 1 }));
const encoded = encodeTask(task, must(task.labels), examples, tokenizer, { maxTokens: 16, smoothing: 0.05 });
const tuned = await fineTuneTeacher(teacher, [encoded], {
  cacheFolder: join(root, "teachers"),
  tokens: 2000,
  threads: 1,
  seed: 1,
  dataSetShare: () => 1,
  onProgress: () => undefined,
});

function ask(texts = sequences, onProgress: (done: number, total: number) => void = () => undefined) {
  return keptLogits(teacherAdviser(tuned, 1), texts.map(single), { cacheFolder: join(root, "logits"), onProgress });
}

test("keptLogits() says of every text what the teacher says of it alone, in int8", async () => {
  const progress: number[] = [];
  const rows = must((await ask(sequences, (done, total) => progress.push(done / total))).get("sentiment"));
  expect(rows).toHaveLength(texts.length);
  expect(progress).toEqual([1]);
  const alone = await teacherClassifier(tuned, 1);
  for (const [i, ids] of sequences.entries()) {
    const expected = must((await alone.run(toBatch([ids], tokenizer.padId))).logits_sentiment).data as Float32Array;
    expected.forEach((value, k) => {
      expect(must(must(rows[i])[k])).toBeCloseTo(value, 0);
    });
  }
  await alone.release();
});

test("keptLogits() asks about a text once, whatever it is selected with", async () => {
  const rows = must((await ask()).get("sentiment"));
  const files = () => readdirSync(join(root, "logits"), { recursive: true }).length;
  const known = files();
  const fresh = tokenizer.encode("the awful time", 16).ids;
  const more = must((await ask([must(sequences[3]), fresh, must(sequences[0])])).get("sentiment"));
  expect([more[0], more[2]]).toEqual([rows[3], rows[0]]);
  expect(files()).toBe(known + 1);
  expect(must((await ask([fresh])).get("sentiment"))[0]).toEqual(more[1]);
  expect(files()).toBe(known + 1);
});

test("keptLogits() says of a pair what a student's head over pairs says of it, whichever half it was asked about before", async () => {
  const folder = join(root, "student");
  const manifest = writeTinyStudent(folder, { name: "student" });
  const tokenizer = readTokenizer(join(folder, "tokenizer.json"));
  const encode = encoderOf(tokenizer, 16);
  const pairs = texts.map((text, i) => encode(text, texts.at(i - 1)));
  const adviser = memberAdviser({ folder, manifest }, ["adequacy"], tokenizer, 1);
  const options = { cacheFolder: join(root, "pairs"), onProgress: () => undefined };
  const kept = must((await keptLogits(adviser, pairs, options)).get("adequacy"));
  const classifier = await openStudentClassifier(folder, manifest.tasks, { tokenizer, threads: 1 });
  const { logits } = await pairLogits(classifier, "adequacy", pairs);
  await classifier.release();
  expect(kept).toEqual(logits);
  const turned = [...pairs.slice(2), ...pairs.slice(0, 2)];
  const again = must((await keptLogits(adviser, turned, options)).get("adequacy"));
  expect(again).toEqual([...kept.slice(2), ...kept.slice(0, 2)]);
});
