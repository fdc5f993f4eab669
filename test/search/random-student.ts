import { inferenceGraph } from "../../search/student/inference-graph.ts";
import { encoderParameters, initialWeight, type Weights } from "../../search/student/weights.ts";
import type { Architecture } from "../../src/contract/architecture.ts";
import { createRandom } from "../../src/random.ts";

/** The int8 graph of a student with random weights and no heads: what is timed does not depend on what it learned. */
export function randomStudent(a: Architecture): Uint8Array {
  const random = createRandom(1);
  const shapes = [{ name: "table", dims: [a.vocabulary, a.tableWidth] }, ...encoderParameters(a, 128)];
  const weights: Weights = new Map(shapes.map((shape) => [shape.name, initialWeight(shape, random)]));
  return inferenceGraph(a, weights, { precision: "int8", layerNormEpsilon: 1e-5, heads: [] });
}
