import type { Architecture } from "../../src/contract/architecture.ts";

/**
 * Analytic costs of an encoder of the BERT kind, heads of the tasks left out. They order architectures well and cost
 * nothing, so controllers and the latency model both start from them.
 */

/** Multiply-adds of the weight matrices a token passes: table map, attention projections (4), feed-forward (2). */
export function macsPerToken(a: Architecture): number {
  return tableMapMacs(a) + a.layers * layerMacs(a);
}

/** Multiply-adds of the map from the token table's width to the hidden width; 0 when they agree. */
export function tableMapMacs(a: Architecture): number {
  return a.tableWidth === a.hidden ? 0 : a.tableWidth * a.hidden;
}

/** Multiply-adds of one layer's weight matrices for one token. */
export function layerMacs(a: Architecture): number {
  return a.layers === 0 ? 0 : 4 * a.hidden * a.hidden + 2 * a.hidden * a.ffn;
}

/** Multiply-adds between tokens (scores and weighted sum) of all layers for one sequence of `tokens`. */
export function attentionMacs(a: Architecture, tokens: number): number {
  return 2 * a.layers * a.hidden * tokens * tokens;
}

/** Numbers in the token table. */
export function tableParameters(a: Architecture): number {
  return a.vocabulary * a.tableWidth;
}
