import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { cardText } from "../../../search/export/card.ts";
import { describeStudent, promote } from "../../../search/export/export-student.ts";
import { openStudentClassifier } from "../../../search/heads/open-classifier.ts";
import { textLogits } from "../../../search/heads/predict.ts";
import { openStudent } from "../../../serve/engine/open-student.ts";
import { readStudent } from "../../../serve/students/read-student.ts";
import { createStudent } from "../../../serve/students/student.ts";
import { readManifest } from "../../../src/contract/manifest.ts";
import { machine } from "../../../src/onnx/machine.ts";
import { taskNamed } from "../../../src/tasks/index.ts";
import { readTokenizer } from "../../../src/text/read-tokenizer.ts";
import { description, scoreOf, writeStudent } from "./written-student.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-export-"));
const [models, run] = [join(root, "models"), join(root, "run")];
beforeEach(() => {
  for (const folder of [models, run]) rmSync(folder, { recursive: true, force: true });
});
afterAll(() => rmSync(root, { recursive: true }));

test("writeGraphs() writes graphs that answer, a tokeniser beside them, and nothing of what was there", async () => {
  mkdirSync(run, { recursive: true });
  writeFileSync(join(run, "left-over"), "");
  const { names } = writeStudent(run);
  expect(readdirSync(run).sort()).toEqual([...names].sort());
  expect(names).toEqual(["model.onnx", "pair_adequacy.onnx", "tokenizer.json"]);
  const tokenizer = readTokenizer(join(run, "tokenizer.json"));
  const classifier = await openStudentClassifier(run, ["sentiment", "adequacy"].map(taskNamed), {
    tokenizer,
    threads: 1,
  });
  const logits = await textLogits(classifier, [tokenizer.encode("good", 8).ids], ["sentiment"]);
  expect(logits.get("sentiment")?.[0]).toHaveLength(3);
  await classifier.release();
});

test("describeStudent() writes a manifest that readManifest() reads back", () => {
  const manifest = describeStudent(writeStudent(run), description);
  expect(readManifest(join(run, "manifest.json"))).toEqual(manifest);
  expect(Object.keys(manifest.files)).toEqual(["model.onnx", "pair_adequacy.onnx", "tokenizer.json"]);
  const sizes = Object.keys(manifest.files).map((name) => readFileSync(join(run, name)).length);
  expect(manifest.bytes).toBe(sizes.reduce((a, b) => a + b));
});

test("describeStudent() gives the same files the same version, and others another", () => {
  const version = (seed: number) => describeStudent(writeStudent(run, seed), description).version;
  expect(version(1)).toBe(version(1));
  expect(version(2)).not.toBe(version(1));
});

test("describeStudent() refuses a description that the contract does not allow, before it writes a manifest", () => {
  const files = writeStudent(run);
  expect(() => describeStudent(files, { ...description, tasks: [] })).toThrow();
  expect(existsSync(join(run, "manifest.json"))).toBe(false);
});

test("cardText() says what the student is, its scores, its data and its limits", () => {
  const card = cardText(describeStudent(writeStudent(run), description));
  expect(card).toContain("1x16-ffn32-h2-relu-e8: 1,234 parameters");
  expect(card).toContain("| sentiment | made | macroF1 | 60.0 | – | en 61.0, de 59.0 |");
  expect(card).toContain("- made: CC0-1.0; these tests");
  expect(card).toContain("## Limits");
  expect(readFileSync(join(run, "card.md"), "utf8")).toBe(card);
});

test("cardText() names the languages of a task, and counts language pairs", () => {
  const pairs = Array.from({ length: 16 }, (_, i) => scoreOf(0.4, { task: "adequacy", language: `en-${i}` }));
  const texts = Array.from({ length: 16 }, (_, i) => scoreOf(0.5, { language: `l${i}` }));
  const card = cardText(describeStudent(writeStudent(run), { ...description, scores: [...texts, ...pairs] }));
  expect(card).toMatch(/\*\*sentiment\*\* .*; trained on 2 languages: de, en\.$/m);
  expect(card).toMatch(/\*\*adequacy\*\* .*; trained on 1 language pair\.$/m);
  expect(card).toMatch(/^\| sentiment .* 16 languages \|$/m);
  expect(card).toMatch(/^\| adequacy .* 16 language pairs \|$/m);
});

test("cardText() shows the teacher's mean where it was measured on every row", () => {
  const scores = [scoreOf(0.6, { teacher: 0.7 }), scoreOf(0.5, { language: "de", teacher: 0.8 })];
  expect(cardText(describeStudent(writeStudent(run), { ...description, scores }))).toContain("| 55.0 | 75.0 |");
  expect(cardText(describeStudent(writeStudent(run), { ...description, scores: [] }))).toContain("no validation data");
});

test("machine() names processor and runtime", () => {
  expect(machine().cpu).toMatch(/\(\d+ cores\)$/);
  expect(machine().runtime).toMatch(/^onnxruntime-node \d+\.\d+/);
});

test("promote() puts a student in place of another and leaves no trace but it", () => {
  describeStudent(writeStudent(run), description);
  mkdirSync(join(models, "budget-1ms"), { recursive: true });
  writeFileSync(join(models, "budget-1ms", "old"), "");
  promote({ folder: run, names: [] }, models, "budget-1ms");
  expect(readdirSync(models)).toEqual(["budget-1ms"]);
  expect(readdirSync(join(models, "budget-1ms")).sort()).toEqual(readdirSync(run).sort());
});

test("promote() hands over a student that the server opens", async () => {
  const manifest = describeStudent(writeStudent(run), description);
  promote({ folder: run, names: [] }, models, manifest.name);
  expect([...createStudent("one", manifest, 64).tasks.keys()]).toEqual(["sentiment", "adequacy"]);
  const folder = join(models, manifest.name);
  const files = { id: "one", folder, manifest: readManifest(join(folder, "manifest.json")), maxTokens: 32 };
  const student = await openStudent(await readStudent(files, new SharedArrayBuffer(1 << 20)));
  expect(student.tokenizer.encode("good", 8).ids).toHaveLength(3);
  for (const session of [student.encoder, ...student.heads.values()]) await session.release();
});

test("promote() goes on where a killed one stopped", () => {
  describeStudent(writeStudent(run), description);
  for (const name of ["budget-1ms", "budget-1ms.old"]) {
    mkdirSync(join(models, ".staging", name), { recursive: true });
    writeFileSync(join(models, ".staging", name, "half"), "");
  }
  promote({ folder: run, names: [] }, models, "budget-1ms");
  expect(readdirSync(models)).toEqual(["budget-1ms"]);
  expect(existsSync(join(models, "budget-1ms", "half"))).toBe(false);
});
