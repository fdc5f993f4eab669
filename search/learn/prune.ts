import type { Architecture } from "../../src/contract/architecture.ts";
import { must } from "../../src/invariant.ts";
import { inheritLayers } from "../student/inherit-layers.ts";
import { encoderParameters, sizeOf, type Weights, weightOf } from "../student/weights.ts";

/**
 * The lowest layers of a student, and the strongest neurons of their feed-forward layers (structured pruning). Heads, norms of the
 * embedding and the token table stay as they are.
 */
export function pruneWeights(weights: Weights, to: Architecture): Weights {
  const isLayer = (name: string) => name.startsWith("layer.");
  const pruned: Weights = new Map([...weights].filter(([name]) => !isLayer(name)));
  const positions = must(weightOf(weights, "position").dims[0]);
  for (const { name, dims } of encoderParameters(to, positions))
    if (isLayer(name)) pruned.set(name, { dims, data: new Float32Array(sizeOf(dims)) });
  inheritLayers(pruned, to, weights);
  return pruned;
}
