import type { Architecture } from "../../src/contract/architecture.ts";
import { createRandom, type Random } from "../../src/random.ts";
import { inferenceGraph } from "./inference-graph.ts";
import type { Precision } from "./inference-tensors.ts";
import { type HeadShape, randomWeights } from "./weights.ts";

export interface RandomStudentOptions {
  /** @default "int8" */
  readonly precision?: Precision;
  /** @default 128 */
  readonly positions?: number;
  /** Heads over single texts. @default none */
  readonly heads?: readonly HeadShape[];
}

/** The graph of a student that has learned nothing: how long it takes does not depend on that. */
export function randomStudent(a: Architecture, options: RandomStudentOptions = {}): Uint8Array {
  const { precision = "int8", positions = 128, heads = [] } = options;
  const weights = randomWeights(a, positions, heads, repeatingNormals());
  return inferenceGraph(a, weights, { precision, layerNormEpsilon: 1e-5, heads });
}

/** Ten million fresh normal numbers would take longer than timing the student that they make. */
function repeatingNormals(): Random {
  const random = createRandom(1);
  // a prime many, so that the columns of a matrix are not copies of each other
  const pool = Float64Array.from({ length: 8191 }, () => random.normal());
  let at = 0;
  return { ...random, normal: () => pool[at++ % pool.length] as number };
}
