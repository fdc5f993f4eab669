import type { Architecture } from "../../src/contract/architecture.ts";
import { mean } from "../../src/stats.ts";
import { type Weight, type Weights, weightOf } from "../student/weights.ts";

/**
 * A deeper student that answers as the one it is made of, to begin with (Net2Net, Chen et al. 2016; as blocks between those of LLaMA Pro,
 * Wu et al. 2024): above its layers, the upper ones first, come copies of them whose attention and feed-forward parts add nothing yet.
 */
export function growWeights(weights: Weights, from: Architecture, to: Architecture): Weights {
  const grown: Weights = new Map([...weights].filter(([name]) => !name.startsWith("layer.")));
  const sources = sourceLayers(from.layers, to.layers);
  sources.forEach((source, layer) => {
    const isCopy = sources[layer - 1] === source;
    for (const [part, weight] of partsOf(weights, source)) {
      const own = isCopy ? quiet(part, weight, weights, source) : weight;
      grown.set(`layer.${layer}.${part}`, { dims: own.dims, data: own.data.slice() });
    }
  });
  return grown;
}

/** Of which layer each layer of the deeper one is made: every one of `from`, in order, the upper ones more often. */
function sourceLayers(from: number, to: number): number[] {
  return Array.from({ length: to }, (_, layer) => from - 1 - Math.floor(((to - 1 - layer) * from) / to));
}

function partsOf(weights: Weights, layer: number): [string, Weight][] {
  const prefix = `layer.${layer}.`;
  return [...weights].flatMap(([name, weight]) =>
    name.startsWith(prefix) ? [[name.slice(prefix.length), weight]] : [],
  );
}

/** Sums that stay without their second term; what is left of the layer are its norms, and those undo themselves. */
function quiet(part: string, weight: Weight, weights: Weights, layer: number): Weight {
  const { dims, data } = weight;
  if (/^(out|down)\./.test(part)) return { dims, data: new Float32Array(data.length) };
  const spread = spreadAfter(weights, layer);
  if (part.endsWith(".gamma")) return { dims, data: data.map(() => spread.deviation) };
  if (part.endsWith(".beta")) return { dims, data: data.map(() => spread.mean) };
  return weight;
}

/**
 * Mean and deviation over the columns of a hidden state as a layer leaves it: γ · n + β of a normalised n, whose columns are taken to be
 * alike. What a norm that gives them back changes is how they differ from token to token.
 */
function spreadAfter(weights: Weights, layer: number): { mean: number; deviation: number } {
  const gamma = weightOf(weights, `layer.${layer}.norm2.gamma`).data;
  const beta = weightOf(weights, `layer.${layer}.norm2.beta`).data;
  const square = mean(gamma.map((x) => x * x)) + mean(beta.map((x) => x * x)) - mean(beta) ** 2;
  return { mean: mean(beta), deviation: Math.sqrt(square) };
}
