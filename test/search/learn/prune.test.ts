import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { Candidate } from "../../../search/complete/export-candidate.ts";
import { finishedWeights } from "../../../search/learn/finished-student.ts";
import { prunedStudent, pruneWeights } from "../../../search/learn/prune.ts";
import { trainFurther } from "../../../search/learn/train-further.ts";
import { studentPositions } from "../../../search/prepare.ts";
import { inferenceGraph } from "../../../search/student/inference-graph.ts";
import { randomWeights, type Weights, weightOf } from "../../../search/student/weights.ts";
import { saveWeights } from "../../../search/student/weights-file.ts";
import { type Architecture, architectureName } from "../../../src/contract/architecture.ts";
import { must } from "../../../src/invariant.ts";
import { openSession, Tensor } from "../../../src/onnx/session.ts";
import { createRandom } from "../../../src/random.ts";
import { madeConfig, makeStudent } from "../made-student.ts";

let made: Awaited<ReturnType<typeof makeStudent>>;
let large: Architecture;
let weights: Weights;
let candidate: Candidate;

beforeAll(async () => {
  made = await makeStudent();
  const { vocabularySize: vocabulary } = made.materials.tokenizer;
  const widths = { hidden: 16, heads: 2, ffn: 32, tableWidth: 8 };
  large = { ...widths, layers: 2, activation: "gelu", vocabulary };
  const heads = [{ task: "sentiment", input: "text", labels: 3 }] as const;
  weights = randomWeights(large, studentPositions, heads, createRandom(1));
  candidate = await finished();
  return () => made.remove();
});

async function logits(a: Architecture, of: Weights): Promise<number[]> {
  const heads = [{ task: "sentiment", input: "text", labels: 3 }] as const;
  const graph = inferenceGraph(a, of, { precision: "fp32", layerNormEpsilon: 1e-5, heads });
  const session = await openSession(graph, { threads: 1 });
  const ids = new Tensor("int32", Int32Array.of(5, 7, 9), [1, 3]);
  const outputs = await session.run({ ids, mask: new Tensor("float32", new Float32Array(3).fill(1), [1, 3]) });
  await session.release();
  return [...(must(outputs.logits_sentiment).data as Float32Array)];
}

/** Takes every second neuron of a feed-forward layer out of the sums. */
function silenced(layer: number): Weights {
  const { dims, data } = weightOf(weights, `layer.${layer}.down.weight`);
  const kept = data.map((x, i) => (Math.floor(i / large.hidden) % 2 === 0 ? x : 0));
  return new Map([...weights, [`layer.${layer}.down.weight`, { dims, data: kept }]]);
}

test("pruneWeights() loses nothing when the neurons that go add nothing", async () => {
  const quiet = new Map([...silenced(0), ["layer.1.down.weight", weightOf(silenced(1), "layer.1.down.weight")]]);
  const small = { ...large, ffn: 16 };
  const [before, after] = [await logits(large, quiet), await logits(small, pruneWeights(quiet, small))];
  before.forEach((x, i) => {
    expect(after[i]).toBeCloseTo(x, 5);
  });
  expect(await logits(small, pruneWeights(weights, small))).not.toEqual(await logits(large, weights));
});

test("pruneWeights() keeps the lowest layers", async () => {
  const small = { ...large, layers: 1 };
  const pruned = pruneWeights(weights, small);
  expect([...pruned.keys()].filter((name) => name.startsWith("layer.1"))).toEqual([]);
  const rest = [...weights].filter(([name]) => !name.startsWith("layer.1"));
  expect(await logits(small, pruned)).toEqual(await logits(small, new Map(rest)));
});

/** One that a run has finished, as far as pruning looks at it. */
async function finished(): Promise<Candidate> {
  const { folder, candidate } = await made.finished();
  const student = join(folder, "large-1", "student");
  mkdirSync(student, { recursive: true });
  cpSync(made.materials.tokenizerPath, join(student, "tokenizer.json"));
  saveWeights(join(folder, "large-1", "heads.safetensors"), weights);
  const manifest = { ...candidate.manifest, name: "large", architecture: large };
  return { manifest, files: { folder: student, names: ["tokenizer.json"] } };
}

test("prunedStudent() is trained further like any other, and the larger one stays as it is", async () => {
  const to = architectureName({ ...large, layers: 1, ffn: 8 });
  const pruned = prunedStudent(candidate, { to, name: "small" });
  const config = { ...madeConfig, tokens: 100_000, ngramTokens: 0, copies: 1, share: 1, precision: "fp32" } as const;
  const materials = { ...made.materials, tuned: [], ensemble: [], cacheFolder: pruned.files.folder };
  const { manifest } = await trainFurther({ ...config, softTokens: 0 }, materials, pruned, () => {});
  expect(manifest).toMatchObject({ name: "small", architecture: { ...large, layers: 1, ffn: 8 } });
  expect(must(manifest.scores[0]).student).toBeGreaterThan(0.9);
  expect(finishedWeights(candidate)).toEqual(weights);
}, 60_000);

test.each([
  ["3x16-ffn32-h2-gelu-e8", "more layers"],
  ["2x16-ffn64-h2-gelu-e8", "wider feed-forward layers"],
  ["1x8-ffn32-h2-gelu-e8", "another width"],
  ["2x16-ffn32-h2-gelu-e8", "the same"],
  ["static-e8", "no layers"],
  ["small", "no architecture"],
])("prunedStudent() refuses %s: %s", (to) => {
  expect(() => prunedStudent(candidate, { to, name: "small" })).toThrow(
    `--prune ${to}: not 2x16-ffn32-h2-gelu-e8 with fewer layers`,
  );
});
