import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { writeGraphs } from "../../../search/export/export-student.ts";
import { readWeights } from "../../../search/export/read-weights.ts";
import { headOf } from "../../../search/student/encoded-task.ts";
import { asNgramPart, ngramArchitectureOf, ngramFile } from "../../../search/student/ngram-part.ts";
import { randomWeights, weightOf, withSurface } from "../../../search/student/weights.ts";
import { openGraph } from "../../../src/onnx/open-graph.ts";
import { Tensor } from "../../../src/onnx/session.ts";
import { surfaceWidth } from "../../../src/pairs/surface-features.ts";
import { createRandom } from "../../../src/random.ts";
import { taskOf } from "../../../src/tasks/index.ts";
import { writeTinyStudent } from "../../fixtures/tiny-student.ts";
import { description, writeStudent } from "./written-student.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-weights-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const { architecture, tasks } = description;
const feeds = {
  ids: new Tensor("int32", Int32Array.of(5, 9, 3, 7), [1, 4]),
  mask: new Tensor("float32", new Float32Array(4).fill(1), [1, 4]),
};

async function logitsOf(folder: string): Promise<number[]> {
  const session = await openGraph(join(folder, "model.onnx"), { threads: 1 });
  const { logits_sentiment: logits } = await session.run(feeds);
  await session.release();
  return Array.from(logits?.data as Float32Array);
}

test("readWeights() gives the weights by which a student answers as it does", async () => {
  const { folder } = writeStudent(join(root, "first"));
  const weights = readWeights(folder, description);
  const heads = tasks.map((task) => headOf(taskOf(task), task.labels));
  const tokenizerPath = join(folder, "tokenizer.json");
  const again = writeGraphs(join(root, "again"), architecture, weights, heads, {
    layerNormEpsilon: 1e-5,
    tokenizerPath,
  });
  const expected = (await logitsOf(folder)).map((logit) => expect.closeTo(logit, 2));
  expect(await logitsOf(again.folder)).toEqual(expected);
  const pair = (of: string) => readFileSync(join(of, "pair_adequacy.onnx"));
  expect(pair(again.folder)).toEqual(pair(folder));
});

test("withSurface() gives a head over pairs that was made before there were surface features rows for them that say nothing", () => {
  const folder = join(root, "earlier");
  const { tasks: own, architecture: a } = writeTinyStudent(folder, { name: "earlier", surface: "unknown" });
  const read = readWeights(folder, { architecture: a, tasks: own });
  expect(weightOf(read, "head.adequacy.dense.weight").dims[0]).toBe(4 * a.hidden);
  const { dims, data } = weightOf(withSurface(read, a), "head.adequacy.dense.weight");
  const vectors = data.length - surfaceWidth * (dims[1] as number);
  expect(dims[0]).toBe(4 * a.hidden + surfaceWidth);
  expect(data.subarray(vectors).every((x) => x === 0)).toBe(true);
  const later = join(root, "later");
  writeTinyStudent(later, { name: "later", surface: "ignored" });
  expect(weightOf(readWeights(later, { architecture: a, tasks: own }), "head.adequacy.dense.weight").data).toEqual(
    data,
  );
});

test("readWeights() reads n-grams of another number and width than those that are trained now", () => {
  const a = ngramArchitectureOf(40, 32);
  const part = asNgramPart(randomWeights(a, 0, [{ task: "sentiment", input: "text", labels: 3 }], createRandom(3)));
  const { folder } = writeStudent(join(root, "ngrams"), 1, part);
  const ngrams = { file: ngramFile, tasks: [], rows: 40, longest: 3, most: 64 };
  const read = readWeights(folder, { ...description, ngrams });
  expect([...read.keys()]).toEqual(expect.arrayContaining([...part.keys()]));
  for (const [name, { dims, data }] of part) {
    expect(read.get(name)?.dims).toEqual(dims);
    expect(read.get(name)?.data[0]).toBeCloseTo(data[0] as number, 1);
  }
});

test("readWeights() refuses graphs of another architecture, and what is no graph", () => {
  const { folder } = writeStudent(join(root, "other"));
  const wider = { ...description, architecture: { ...architecture, ffn: 64 } };
  expect(() => readWeights(folder, wider)).toThrow(/other: its graphs do not hold the weights/);
  writeFileSync(join(folder, "model.onnx"), "nothing");
  expect(() => readWeights(folder, description)).toThrow(/model.onnx: not an ONNX graph/);
});
