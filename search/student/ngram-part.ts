import type { Architecture } from "../../src/contract/architecture.ts";
import type { NgramShape } from "../../src/ngrams/ngrams.ts";
import type { Weights } from "./weights.ts";

/**
 * What static students read beside pieces: a static student of its own whose pieces are character n-grams. Its weights lie among
 * the student's, under names of their own.
 */
export const ngramShape: NgramShape = { rows: 65_536, longest: 4, most: 256 };
export const ngramFile = "ngrams.onnx";

/** Of those that are trained from now on; who has one, has it as it was then. */
export const ngramArchitecture = ngramArchitectureOf(ngramShape.rows, 64);

export function ngramArchitectureOf(rows: number, width: number): Architecture {
  return { layers: 0, hidden: width, heads: 0, ffn: 0, activation: "gelu", tableWidth: width, vocabulary: rows };
}

const prefix = "ngrams.";

/** The n-grams' own weights among a student's, as those of a student; null where it reads none. */
export function ngramPart(weights: Weights): Weights | null {
  const own = [...weights].filter(([name]) => name.startsWith(prefix));
  return own.length === 0 ? null : new Map(own.map(([name, weight]) => [name.slice(prefix.length), weight]));
}

/** The other way round. */
export function asNgramPart(weights: Weights): Weights {
  return new Map([...weights].map(([name, weight]) => [`${prefix}${name}`, weight]));
}

/** Whether n-grams have a head of a task, by the names of their weights. */
export function hasNgramHead(part: { has(name: string): boolean }, task: string): boolean {
  return part.has(`head.${task}.out.bias`);
}
