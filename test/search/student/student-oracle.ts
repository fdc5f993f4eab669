import { readFileSync } from "node:fs";
import type { Objective, StateMap } from "../../../search/student/training-graph.ts";
import type { ParameterShape, Weights } from "../../../search/student/weights.ts";
import type { Architecture } from "../../../src/contract/architecture.ts";
import { must } from "../../../src/invariant.ts";
import type { Feeds } from "../../../src/onnx/session.ts";
import { type Batch, toBatch } from "../../../src/text/batch.ts";
import { floats } from "./tiny-objective.ts";

type Named = Readonly<Record<string, readonly number[]>>;

/** PyTorch's answers (test/oracle/student): everything that a whole student computes, from fixed weights. */
interface StudentOracle {
  readonly architecture: Architecture;
  readonly settings: {
    readonly positions: number;
    readonly epsilon: number;
    readonly padId: number;
    readonly clipNorm: number;
    readonly weightDecay: number;
    readonly learningRate: number;
    readonly headRate: number;
    readonly teacherHidden: number;
    readonly labels: number;
    readonly maps: readonly (readonly [string, string])[];
  };
  readonly sequences: readonly number[][];
  readonly targets: { readonly target: number[]; readonly weight: number[]; readonly states: Named };
  readonly initial: Named;
  readonly task: { readonly loss: number; readonly gradients: Named };
  readonly distil: { readonly loss: number; readonly gradients: Named };
  readonly steps: readonly { objective: "task" | "distil"; loss: number; gradientNorm: number }[];
  readonly final: Named;
}

const path = new URL("../../oracle/student/answers.json", import.meta.url);
export const oracle = JSON.parse(readFileSync(path, "utf8")) as StudentOracle;
const { settings, targets } = oracle;

const layer = (name: string) => (name === "pooled" ? name : Number(name));

export const oracleObjectives: ReadonlyMap<"task" | "distil", Objective> = new Map([
  ["task", { kind: "task", head: { task: "task", input: "text", labels: settings.labels } }],
  [
    "distil",
    {
      kind: "distil",
      teacherHidden: settings.teacherHidden,
      maps: settings.maps.map(([s, t]): StateMap => ({ studentLayer: layer(s), teacherLayer: layer(t) })),
    },
  ],
]);

export const oracleBatch: Batch = toBatch(
  oracle.sequences.map((ids) => Int32Array.from(ids)),
  settings.padId,
);

export function oracleTargets(objective: "task" | "distil"): Feeds {
  const { rows, tokens, mask } = oracleBatch;
  if (objective === "task") {
    return { target: floats([rows, settings.labels], targets.target), weight: floats([rows, 1], targets.weight) };
  }
  const total = mask.reduce((a, b) => a + b, 0);
  const states = (name: string, count: number) => floats([count, settings.teacherHidden], must(targets.states[name]));
  return {
    teacher_1: states("1", rows * tokens),
    teacher_2: states("2", rows * tokens),
    teacher_pooled: states("pooled", rows),
    token_weight: floats(
      [rows * tokens, 1],
      mask.map((m) => m / total),
    ),
    row_weight: floats([rows, 1], new Float32Array(rows).fill(1 / rows)),
  };
}

export function oracleWeights(shapes: readonly ParameterShape[]): Weights {
  return new Map(
    shapes.map(({ name, dims }) => [name, { dims, data: Float32Array.from(must(oracle.initial[name], name)) }]),
  );
}

/** Largest difference, relative to the largest expected value. */
export function relativeDifference(actual: ArrayLike<number>, expected: readonly number[]): number {
  const largest = Math.max(...expected.map(Math.abs), 1e-6);
  return expected.reduce((worst, x, i) => Math.max(worst, Math.abs(x - Number(actual[i])) / largest), 0);
}
