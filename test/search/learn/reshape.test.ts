import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { Candidate } from "../../../search/complete/export-candidate.ts";
import { finishedWeights } from "../../../search/learn/finished-student.ts";
import { growWeights } from "../../../search/learn/grow.ts";
import { pruneWeights } from "../../../search/learn/prune.ts";
import { reshapedStudent } from "../../../search/learn/reshape.ts";
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

/** As norms are after training: neither of one scale nor about nothing. */
function withLearnedNorms(of: Weights): Weights {
  const moved = ([name, { dims, data }]: [string, { dims: readonly number[]; data: Float32Array }]) => {
    const by = name.endsWith(".gamma") ? 0.3 : name.endsWith(".beta") ? 0.1 : null;
    return [
      name,
      { dims, data: by === null ? data : data.map((x, i) => by * (x + (i % 2 === 0 ? 0.2 : -0.1))) },
    ] as const;
  };
  return new Map([...of].map(moved));
}

test.each([3, 4, 7])("growWeights() to %i layers answers as before", async (layers) => {
  const deep = { ...large, layers };
  for (const [start, digits] of [
    [weights, 3],
    [withLearnedNorms(weights), 1],
  ] as const) {
    const grown = growWeights(start, large, deep);
    const [before, after] = [await logits(large, start), await logits(deep, grown)];
    before.forEach((x, i) => {
      expect(after[i]).toBeCloseTo(x, digits);
    });
  }
});

test("growWeights() keeps every layer, and puts copies above the upper ones first", () => {
  const grown = growWeights(weights, large, { ...large, layers: 3 });
  const up = (layer: number, of: Weights) => weightOf(of, `layer.${layer}.up.weight`).data;
  expect([0, 1, 2].map((layer) => up(layer, grown))).toEqual([0, 1, 1].map((layer) => up(layer, weights)));
  expect(weightOf(grown, "layer.1.down.weight")).toEqual(weightOf(weights, "layer.1.down.weight"));
  expect(weightOf(grown, "layer.2.down.weight").data.every((x) => x === 0)).toBe(true);
});

/** One that a run has finished, as far as one of another size is made of it. */
async function finished(): Promise<Candidate> {
  const { folder, candidate } = await made.finished();
  const student = join(folder, "large-1", "student");
  mkdirSync(student, { recursive: true });
  cpSync(made.materials.tokenizerPath, join(student, "tokenizer.json"));
  saveWeights(join(folder, "large-1", "heads.safetensors"), weights);
  const manifest = { ...candidate.manifest, name: "large", architecture: large };
  return { manifest, files: { folder: student, names: ["tokenizer.json"] } };
}

test.each([
  ["prune", "smaller", { layers: 1, ffn: 8 }],
  ["grow", "deeper", { layers: 4 }],
] as const)(
  "what --%s makes is trained further like any other, and what it is made of stays as it is",
  async (by, name, change) => {
    const architecture = { ...large, ...change };
    const reshaped = reshapedStudent(candidate, { by, to: architectureName(architecture), name });
    const config = {
      ...madeConfig,
      tokens: 100_000,
      ngramTokens: 0,
      copies: 1,
      share: 1,
      reshaped: true,
      precision: "fp32",
    } as const;
    const materials = { ...made.materials, tuned: [], ensemble: [], cacheFolder: reshaped.files.folder };
    const { manifest } = await trainFurther({ ...config, softTokens: 0 }, materials, reshaped, () => {});
    expect(manifest).toMatchObject({ name, architecture });
    expect(must(manifest.scores[0]).student).toBeGreaterThan(0.9);
    expect(finishedWeights(candidate)).toEqual(weights);
  },
  60_000,
);

test.each([
  ["prune", "3x16-ffn32-h2-gelu-e8", "more layers"],
  ["prune", "2x16-ffn64-h2-gelu-e8", "wider feed-forward layers"],
  ["prune", "1x8-ffn32-h2-gelu-e8", "another width"],
  ["prune", "2x16-ffn32-h2-gelu-e8", "the same"],
  ["prune", "static-e8", "no layers"],
  ["prune", "small", "no architecture"],
  ["grow", "1x16-ffn32-h2-gelu-e8", "fewer layers"],
  ["grow", "3x16-ffn64-h2-gelu-e8", "wider feed-forward layers"],
  ["grow", "2x16-ffn32-h2-gelu-e8", "the same"],
] as const)("--%s refuses %s: %s", (by, to, _why) => {
  const wanted = { prune: "fewer layers", grow: "more layers" }[by];
  expect(() => reshapedStudent(candidate, { by, to, name: "other" })).toThrow(
    `--${by} ${to}: not 2x16-ffn32-h2-gelu-e8 with ${wanted}`,
  );
});
