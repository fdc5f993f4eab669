import type { Architecture } from "../../src/contract/architecture.ts";
import { attentionMacs, tableMapMacs } from "../space/cost.ts";

/**
 * What takes time in a run, as amounts that follow from architecture and length alone. Knows nothing of machines: what one unit of
 * each costs here is fitted by `latency-model.ts`.
 *
 * The prior is a rounded fit to 48 int8 students on a server processor with AVX2 (`npm run calibrate` fits one's own).
 */
export const COSTS = [
  /** The call itself, pooling and heads. */
  { cost: "run", priorMs: 0.065 },
  { cost: "table rows", priorMs: 9e-7 },
  { cost: "table map", priorMs: 1 / 50e6 },
  /** Starting a layer's dozen operators. */
  { cost: "layer", priorMs: 0.012 },
  { cost: "attention matmuls", priorMs: 1 / 75e6 },
  { cost: "feed-forward matmuls", priorMs: 1 / 110e6 },
  /** A layer's weights pass the caches once a run, however short the text. */
  { cost: "weight bytes", priorMs: 1.2e-7 },
  { cost: "scores and sums", priorMs: 1 / 30e6 },
  { cost: "softmax", priorMs: 5e-7 },
  { cost: "head rows", priorMs: 1e-4 },
  /** Norms, residuals and quantising, by the numbers that they touch. */
  { cost: "hidden numbers", priorMs: 1.5e-5 },
  { cost: "feed-forward numbers", priorMs: 2e-6 },
  { cost: "gelu", priorMs: 1e-6 },
] as const;

/** Amounts in the order of `COSTS`, for a run over `rows` texts of `tokens` tokens. */
export function costs(a: Architecture, tokens: number, rows: number): number[] {
  const positions = rows * tokens;
  const deep = positions * a.layers;
  const attention = 4 * a.hidden * a.hidden;
  const feedForward = 2 * a.hidden * a.ffn;
  return [
    1,
    positions * a.tableWidth,
    positions * tableMapMacs(a),
    a.layers,
    deep * attention,
    deep * feedForward,
    a.layers * (attention + feedForward),
    rows * attentionMacs(a, tokens),
    rows * a.layers * a.heads * tokens * tokens,
    deep * a.heads,
    deep * a.hidden,
    deep * a.ffn,
    a.activation === "gelu" ? deep * a.ffn : 0,
  ];
}
