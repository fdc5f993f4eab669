import { createHash } from "node:crypto";
import type { Trainer } from "../../../search/student/trainer.ts";
import type { Objective } from "../../../search/student/training-graph.ts";
import { objectiveParameters } from "../../../search/student/training-graph.ts";
import { encoderParameters, initialWeight, tableName, type Weights } from "../../../search/student/weights.ts";
import type { Architecture } from "../../../src/contract/architecture.ts";
import { type Feeds, Tensor } from "../../../src/onnx/session.ts";
import { surfaceWidth } from "../../../src/pairs/surface-features.ts";
import { createRandom, type Random } from "../../../src/random.ts";
import { type Batch, toBatch } from "../../../src/text/batch.ts";

/** Students small enough to look at every gradient of, and objectives with data for them. */
export const positions = 10;
export const layerNormEpsilon = 1e-5;
export const padId = 0;
const teacherHidden = 12;

export const deep: Architecture = {
  layers: 2,
  hidden: 16,
  heads: 4,
  ffn: 24,
  activation: "gelu",
  tableWidth: 8,
  vocabulary: 50,
};
export const unprojected: Architecture = { ...deep, layers: 1, heads: 2, activation: "relu", tableWidth: 16 };
export const staticStudent: Architecture = { ...deep, layers: 0, hidden: 8, heads: 0, ffn: 0, activation: "relu" };

export const textTask: Objective = { kind: "task", head: { task: "text", input: "text", labels: 3 } };
export const pairTask: Objective = { kind: "task", head: { task: "pair", input: "pair", labels: 2 } };
export const distilling: Objective = {
  kind: "distil",
  teacherHidden,
  maps: [
    { studentLayer: 1, teacherLayer: 3 },
    { studentLayer: 2, teacherLayer: 3 },
    { studentLayer: 2, teacherLayer: 6 },
    { studentLayer: "pooled", teacherLayer: "pooled" },
  ],
};

export const relating: Objective = {
  kind: "distil",
  teacherHidden,
  maps: [{ studentLayer: "pooled", teacherLayer: "pooled" }],
  relation: { teacherLayer: 6, heads: 4 },
};

/** Random weights away from the usual zeros and ones, the token table included. */
export function tinyWeights(a: Architecture, objectives: readonly Objective[], seed = 3): Weights {
  const random = createRandom(seed);
  const shapes = [
    { name: tableName, dims: [a.vocabulary, a.tableWidth] },
    ...encoderParameters(a, positions),
    ...objectives.flatMap((objective) => objectiveParameters(a, objective)),
  ];
  return new Map(
    shapes.map((shape) => {
      const { dims, data } = initialWeight(shape, random);
      return [shape.name, { dims, data: data.map((x) => x + 0.1 * random.normal()) }];
    }),
  );
}

/** Four sequences of different lengths; token 9 occurs twice. */
export const tinyBatch: Batch = toBatch(
  [Int32Array.of(1, 2, 9, 4, 5), Int32Array.of(6, 7, 8), Int32Array.of(1, 9, 3, 4), Int32Array.of(6, 7)],
  padId,
);

/** The targets of an objective for `tinyBatch`. */
export function tinyTargets(objective: Objective, seed = 4): Feeds {
  if (objective.kind === "distil") return distilTargets(createRandom(seed));
  if (objective.head.input === "pair") {
    return {
      target: floats([2, 2], [0.3, 0.7, 1, 0]),
      weight: floats([2, 1], [0.75, 0.25]),
      source_rows: floats([2, 4], [1, 0, 0, 0, 0, 1, 0, 0]),
      target_rows: floats([2, 4], [0, 0, 1, 0, 0, 0, 0, 1]),
      surface: floats([2, surfaceWidth], normals(2 * surfaceWidth, createRandom(seed))),
    };
  }
  return {
    target: floats([4, 3], [0.2, 0.3, 0.5, 1, 0, 0, 0, 1, 0, 0, 0, 1]),
    weight: floats([4, 1], [0.25, 0.25, 0.3, 0.2]),
  };
}

function distilTargets(random: Random): Feeds {
  const { rows, tokens, mask } = tinyBatch;
  const total = mask.reduce((a, b) => a + b, 0);
  const states = (count: number) => floats([count, teacherHidden], normals(count * teacherHidden, random));
  return {
    teacher_3: states(rows * tokens),
    teacher_6: states(rows * tokens),
    teacher_pooled: states(rows),
    token_weight: floats(
      [rows * tokens, 1],
      mask.map((m) => m / total),
    ),
    row_weight: floats([rows, 1], new Float32Array(rows).fill(1 / rows)),
    teacher_qkv: floats([rows * tokens, 3 * teacherHidden], normals(rows * tokens * 3 * teacherHidden, random)),
    relation_weight: floats(
      [rows, 1, tokens, 1],
      mask.map((m) => m / total),
    ),
    shape_relation: relationShape(deep.hidden),
    shape_teacher_relation: relationShape(teacherHidden),
  };
}

function relationShape(hidden: number): Tensor {
  const dims = [tinyBatch.rows, tinyBatch.tokens, 3, 4, hidden / 4];
  return new Tensor("int64", BigInt64Array.from(dims, BigInt), [5]);
}

/** A hash of everything that a step changes, by name: quick to compare, and short to read where two differ. */
export function fingerprint(trainer: Trainer): Record<string, string> {
  const hash = ({ buffer, byteOffset, byteLength }: Float32Array | Uint32Array) =>
    createHash("sha256")
      .update(new Uint8Array(buffer, byteOffset, byteLength))
      .digest("hex")
      .slice(0, 12);
  return Object.fromEntries([...trainer.state()].map(([name, values]) => [name, hash(values)]));
}

export function normals(length: number, random: Random): Float32Array {
  return Float32Array.from({ length }, random.normal);
}

export function floats(dims: readonly number[], values: ArrayLike<number>): Tensor {
  return new Tensor("float32", Float32Array.from(values), [...dims]);
}
