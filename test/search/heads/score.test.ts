import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Corpus, ValidationSet } from "../../../search/corpus/assemble.ts";
import { HeldOut } from "../../../search/corpus/split.ts";
import { openStudentClassifier } from "../../../search/heads/open-classifier.ts";
import { type Classifier, pairLogits, textLogits } from "../../../search/heads/predict.ts";
import { calibrated, type SetLogits, scoresOf, validationLogits } from "../../../search/heads/score.ts";
import { encoderOf } from "../../../search/student/encoded-task.ts";
import type { ManifestTask } from "../../../src/contract/manifest.ts";
import { must } from "../../../src/invariant.ts";
import { taskNamed } from "../../../src/tasks/index.ts";
import { readTokenizer } from "../../../src/text/read-tokenizer.ts";
import type { Tokenizer } from "../../../src/text/tokenizer.ts";
import { writeTinyStudent } from "../../fixtures/tiny-student.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-heads-"));
const names = ["filter", "sentiment", "language", "adequacy"];
let classifier: Classifier & { release(): Promise<void> };
let tokenizer: Tokenizer;
beforeAll(async () => {
  const folder = join(root, "tiny");
  writeTinyStudent(folder, { name: "tiny" });
  tokenizer = readTokenizer(join(folder, "tokenizer.json"));
  classifier = await openStudentClassifier(folder, names.map(taskNamed), { tokenizer, threads: 1 });
});
afterAll(async () => {
  await classifier.release();
  rmSync(root, { recursive: true });
});

const texts = ["the food was good", "bad", "they were so nice with my phone and the battery", "hate it", "is it"];
const encode = (text: string) => tokenizer.encode(text, 64).ids;

function closeTo(actual: ArrayLike<number>, expected: ArrayLike<number>): boolean {
  // int8: a batch is quantised as a whole, so a row's logits depend a little on its neighbours.
  return Array.from(actual).every((x, i) => Math.abs(x - must(expected[i])) < 0.05);
}

test("textLogits() gives each text its own logits, in the order of the texts", async () => {
  const together = await textLogits(classifier, texts.map(encode), ["sentiment", "filter"]);
  for (const [i, text] of texts.entries()) {
    const alone = await textLogits(classifier, [encode(text)], ["sentiment", "filter"]);
    for (const task of ["sentiment", "filter"]) {
      expect(closeTo(must(together.get(task)?.[i]), must(alone.get(task)?.[0])), `${task}: ${text}`).toBe(true);
    }
  }
  expect(together.get("sentiment")?.[0]).toHaveLength(3);
});

test("textLogits() keeps the order over many batches", async () => {
  const many = Array.from({ length: 400 }, (_, i) => encode(must(texts[i % texts.length])));
  const logits = must((await textLogits(classifier, many, ["sentiment"])).get("sentiment"));
  expect(logits).toHaveLength(400);
  for (const [i, row] of logits.entries()) expect(closeTo(row, must(logits[i % texts.length]))).toBe(true);
});

test("pairLogits() keeps the order of pairs, and sources apart from targets", async () => {
  const [sources, targets] = [texts.map(encode), texts.toReversed().map(encode)];
  const encodePair = encoderOf(tokenizer, 64);
  const pairs = texts.map((text, i) => encodePair(text, texts.toReversed()[i]));
  const { logits, beside } = await pairLogits(classifier, "adequacy", pairs, ["sentiment"]);
  const both = must((await textLogits(classifier, [...sources, ...targets], ["sentiment"])).get("sentiment"));
  expect(must(beside.get("sentiment")).every((row, i) => closeTo(row, must(both[i])))).toBe(true);
  expect(logits).toHaveLength(texts.length);
  for (const i of texts.keys()) {
    const alone = await pairLogits(classifier, "adequacy", [must(pairs[i])]);
    expect(closeTo(must(logits[i]), must(alone.logits[0]))).toBe(true);
  }
});

const row = (label: string, text = "good", pair?: string) => ({
  text,
  language: "en",
  label,
  ...(pair === undefined ? {} : { pair }),
});

function setOf(task: string, rows: ValidationSet["rows"], dataSet = "made"): ValidationSet {
  return { task, dataSet, language: "en", rows };
}

test("validationLogits() runs the tasks that are asked for over their sets", async () => {
  const corpus: Corpus = {
    tasks: [],
    train: new Map(),
    labels: new Map(),
    heldOut: new HeldOut(),
    unlabelled: [],
    dataSets: [],
    validation: [
      setOf(
        "sentiment",
        texts.map((text) => row("0", text)),
      ),
      setOf("adequacy", [row("90", "the food", "good")]),
      setOf("filter", [row("1")]),
    ],
  };
  const results = await validationLogits(classifier, corpus, ["sentiment", "adequacy"], tokenizer, 32);
  expect(results.map(({ set, logits }) => [set.task, logits.length, logits[0]?.length])).toEqual([
    ["sentiment", 5, 3],
    ["adequacy", 1, 2],
  ]);
});

const sentiment = {
  name: "sentiment",
  input: "text",
  labels: ["negative", "neutral", "positive"],
  file: "model.onnx",
} as const;
const filter = { name: "filter", input: "text", labels: ["acceptable", "toxic"], file: "model.onnx" } as const;
const adequacy = {
  name: "adequacy",
  input: "pair",
  labels: ["inadequate", "adequate"],
  file: "pair_adequacy.onnx",
} as const;

function taskOf(base: { readonly labels: readonly string[] }): ManifestTask {
  return { ...base, labels: [...base.labels], languages: ["en"], temperature: 1 } as ManifestTask;
}

const logitsOf = (...rows: number[][]) => rows.map((values) => Float32Array.from(values));

test("scoresOf() takes the task's metric over the rows that have a label", () => {
  const rows = [row("0"), row("1"), row("2"), row("2"), row("")];
  const logits = logitsOf([5, 0, 0], [0, 5, 0], [0, 0, 5], [5, 0, 0], [0, 5, 0]);
  const [score] = scoresOf([{ set: setOf("sentiment", rows), logits }], [taskOf(sentiment)]);
  expect(score).toMatchObject({ task: "sentiment", dataSet: "made", language: "en", metric: "macroF1", rows: 4 });
  // F1 of 2/3, 1 and 2/3.
  expect(must(score).student).toBeCloseTo(7 / 9);
});

/** Half of its rows are toxic, from one logit on. */
function setWith(count: number, fine: number, toxic: number, dataSet: string): SetLogits {
  const rows = Array.from({ length: count }, (_, i) => row(String(i % 2)));
  return {
    set: setOf("filter", rows, dataSet),
    logits: rows.map((_, i) => Float32Array.of(0, i % 2 ? toxic : fine)),
  };
}

const thresholdOf = (sets: readonly SetLogits[]) => must(calibrated({ ...taskOf(filter) }, sets).task.threshold);

test("calibrated() lets sets of a few rows say nothing of a threshold where there are larger ones", () => {
  const [large, small] = [setWith(40, 0.2, 2, "large"), ["a", "b", "c"].map((name) => setWith(6, -2, -0.9, name))];
  expect(thresholdOf([large, ...small])).toBeGreaterThan(0.5);
  expect(thresholdOf(small)).toBeLessThan(0.5);
});

test("calibrated() lets suites of cases say nothing where there are other sets, since they are what it is judged by", () => {
  const [set, suite] = [setWith(40, 0.2, 2, "made"), setWith(400, -2, -0.9, "hatecheck_en")];
  expect(calibrated({ ...taskOf(filter) }, [set, suite]).task).toEqual(calibrated({ ...taskOf(filter) }, [set]).task);
  expect(thresholdOf([suite])).toBeLessThan(0.5);
});

test("calibrated() leaves one half only for what is worth it", () => {
  const withMistaken = (count: number) => {
    const { set, logits } = setWith(200, -2, 2, "made");
    const changed = logits.map((row, i) => (i % 2 === 0 && i < 2 * count ? Float32Array.of(0, 0.9) : row));
    return { set, logits: changed };
  };
  expect(thresholdOf([withMistaken(1)])).toBe(0.5);
  expect(thresholdOf([withMistaken(40)])).toBeGreaterThan(0.5);
});

test("scoresOf() decides two labels at the task's threshold", () => {
  const rows = [row("1"), row("0")];
  const logits = logitsOf([0, -0.5], [0, -2]);
  const score = (threshold: number) =>
    must(scoresOf([{ set: setOf("filter", rows), logits }], [{ ...taskOf(filter), threshold }])[0]).student;
  expect(score(0.3)).toBe(1);
  expect(score(0.5)).toBeLessThan(0.5);
});

test("scoresOf() correlates adequacy with the scores", () => {
  const three = [row("10", "a", "b"), row("50", "a", "b"), row("90", "a", "b")];
  const rows = [...Array.from({ length: 10 }, () => three).flat(), row("", "a", "b")];
  const logits = rows.map((_, i) =>
    Float32Array.from(
      must(
        [
          [2, 0],
          [0, 0],
          [0, 2],
        ][i % 3],
      ),
    ),
  );
  const [score] = scoresOf([{ set: setOf("adequacy", rows), logits }], [taskOf(adequacy)]);
  expect(score).toMatchObject({ metric: "pearson", rows: 30 });
  expect(scoresOf([{ set: setOf("adequacy", three), logits: logits.slice(0, 3) }], [taskOf(adequacy)])).toEqual([]);
  expect(must(score).student).toBeCloseTo(1, 5);
});

test("scoresOf() leaves out sets of tasks that the student does not have, and sets without labels", () => {
  const results: SetLogits[] = [
    { set: setOf("filter", [row("1")]), logits: logitsOf([0, 1]) },
    { set: setOf("sentiment", [row("")]), logits: logitsOf([0, 1, 0]) },
  ];
  expect(scoresOf(results, [taskOf(sentiment)])).toEqual([]);
});

test("calibrated() fits temperature and threshold on the validation rows", () => {
  const rows = Array.from({ length: 100 }, (_, i) => row(i % 4 === 0 ? "1" : "0"));
  // Too sure of itself: nine in ten right, with logits that say 99.9 %.
  const logits = rows.map(({ label }, i) => {
    const right = i % 10 !== 3;
    return Float32Array.of(0, (label === "1") === right ? 7 : -7);
  });
  const { task, calibrationError } = calibrated({ ...taskOf(filter) }, [{ set: setOf("filter", rows), logits }]);
  expect(task.temperature).toBeGreaterThan(2);
  expect(task.threshold).toBeGreaterThanOrEqual(0.2);
  expect(must(calibrationError)).toBeLessThan(0.06);
});

/** Toxic from a probability on, in a language that the classifier's own head sees. */
function setIn(language: string, code: number, bound: number): SetLogits {
  const rows = Array.from({ length: 200 }, (_, i) => row(i / 200 >= bound ? "1" : "0"));
  const logits = rows.map((_, i) => Float32Array.of(0, Math.log((i + 0.5) / (199.5 - i))));
  return { set: { ...setOf("filter", rows), language }, logits, languages: Int32Array.from(rows, () => code) };
}

test("calibrated() and scoresOf() decide by the threshold of the language that the classifier itself sees", () => {
  const results = [setIn("en", 1, 0.5), setIn("vi", 6, 0.57)];
  const { task: withOwn } = calibrated({ ...taskOf(filter) }, results);
  expect(Object.keys(withOwn.languageThresholds ?? {})).not.toEqual([]);
  const { languageThresholds: _, ...withoutOwn } = withOwn;
  const codes = ["de", "en", "es", "fr", "ja", "pt", "vi"];
  const head = { name: "language", input: "text", file: "model.onnx", labels: codes } as const;
  const languageTask = taskOf(head);
  const meanOf = (task: ManifestTask) => scoresOf(results, [task, languageTask]).map(({ student }) => student);
  for (const score of meanOf(withOwn)) expect(score).toBeGreaterThan(0.97);
  expect(Math.min(...meanOf(withoutOwn))).toBeLessThan(0.96);
  // Taken for another language, a text is judged by the threshold of all.
  const mistaken = results.map((result) => ({ ...result, languages: result.languages?.map(() => 0) }));
  expect(scoresOf(mistaken as SetLogits[], [withOwn, languageTask]).map(({ student }) => student)).toEqual(
    meanOf(withoutOwn),
  );
});

test("calibrated() fits no thresholds of languages where the classifier does not tell them", () => {
  const results = [setIn("en", 1, 0.5), setIn("vi", 6, 0.57)].map(({ set, logits }) => ({ set, logits }));
  expect(calibrated({ ...taskOf(filter) }, results).task.languageThresholds).toBeUndefined();
});

test("calibrated() leaves a threshold at one half where a set has one class only", () => {
  const rows = Array.from({ length: 20 }, () => row("1"));
  const logits = rows.map((_, i) => Float32Array.of(0, i / 5 - 2));
  expect(calibrated(taskOf(filter), [{ set: setOf("filter", rows), logits }]).task.threshold).toBe(0.5);
});

test("calibrated() without rows changes nothing", () => {
  const { task, calibrationError } = calibrated(taskOf(sentiment), []);
  expect(task.temperature).toBe(1);
  expect(task.threshold).toBeUndefined();
  expect(calibrationError).toBeNull();
});

test("calibrated() gives tasks of three labels, and adequacy, no threshold", () => {
  const results = [{ set: setOf("sentiment", [row("0"), row("2")]), logits: logitsOf([3, 0, 0], [0, 0, 3]) }];
  expect(calibrated(taskOf(sentiment), results).task.threshold).toBeUndefined();
  const pairs = [
    { set: setOf("adequacy", [row("10", "a", "b"), row("90", "a", "b")]), logits: logitsOf([2, 0], [0, 2]) },
  ];
  expect(calibrated(taskOf(adequacy), pairs).task.threshold).toBeUndefined();
});

test("calibrated() keeps what a student decided by, and fits a temperature anew where no answer hangs on it", () => {
  const results = [
    setIn("en", 1, 0.5),
    setIn("vi", 6, 0.57),
    { set: setOf("sentiment", [row("0"), row("2")]), logits: logitsOf([3, 0, 0], [0, 0, 3]) },
    { set: setOf("adequacy", [row("10", "a", "b"), row("90", "a", "b")]), logits: logitsOf([2, 0], [0, 2]) },
  ];
  const kept = { ...taskOf(filter), temperature: 1.3, threshold: 0.62, languageThresholds: { de: 0.3 } };
  const decidedBy = (task: ManifestTask) => [task.temperature, task.threshold, task.languageThresholds];
  expect(decidedBy(calibrated(taskOf(filter), results, kept).task)).toEqual(decidedBy(kept));
  expect(decidedBy(calibrated(taskOf(filter), [], kept).task)).toEqual(decidedBy(kept));
  // Other labels are another task.
  const renamed = { ...kept, labels: ["fine", "toxic"] };
  expect(calibrated(taskOf(filter), results, renamed)).toEqual(calibrated(taskOf(filter), results));
  const warm = { ...taskOf(sentiment), temperature: 3.3 };
  expect(calibrated(taskOf(sentiment), results, warm).task).toEqual(calibrated(taskOf(sentiment), results).task);
  const scored = { ...taskOf(adequacy), temperature: 3.3 };
  expect(calibrated(taskOf(adequacy), results, scored).task.temperature).toBe(3.3);
});

test("calibrated() fits no thresholds of languages to pairs, whose language is that of two texts", () => {
  const results = [setIn("en-de", 1, 0.5), setIn("en-vi", 6, 0.57)].map((result) => ({
    ...result,
    set: { ...result.set, task: "alike" },
  }));
  const alike = { ...taskOf({ labels: ["no", "yes"] }), name: "alike", file: "pair_alike.onnx" };
  const entry = { ...alike, input: "pair", declared: { metric: "macroF1" } } as const;
  const { task } = calibrated(entry, results);
  expect(task.threshold).toBeDefined();
  expect(task.languageThresholds).toBeUndefined();
});
