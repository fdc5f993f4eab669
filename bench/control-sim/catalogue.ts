import type { OkTrial } from "../../search/space/trial.ts";
import type { Architecture } from "../../src/contract/architecture.ts";
import type { Latency } from "../../src/contract/manifest.ts";

/** A student of the simulation: what a manifest would say of it, and what is true of it. */
export interface SimulatedStudent {
  readonly version: string;
  readonly architecture: Architecture;
  readonly latency: Latency["lengths"];
  /** On validation rows, as its manifest says. */
  readonly score: number;
  /** Of its answers in production. */
  readonly accuracy: number;
  /** Share of texts on which it gives the label that another good student gives. */
  readonly agreement: number;
  /** True time divided by its manifest's. */
  readonly slowness: number;
}

const lengths = [8, 16, 32, 64, 128, 256, 512];

/**
 * ms at 32 tokens and accuracy are of the size that students of this project have; between lengths a student with layers grows a
 * little faster than linearly, since attention does.
 */
function student(layers: number, hidden: number, msAt32: number, accuracy: number, version: string): SimulatedStudent {
  const msOf = (tokens: number) => msAt32 * (0.15 + 0.8 * (tokens / 32) + 0.05 * (tokens / 32) ** 2);
  const shared = { hidden, activation: "gelu", tableWidth: 128, vocabulary: 120_000 } as const;
  return {
    version,
    architecture:
      layers === 0
        ? { ...shared, layers, heads: 0, ffn: 0 }
        : { ...shared, layers, heads: hidden / 32, ffn: 2 * hidden },
    latency: lengths.map((tokens) => ({ tokens, p50Ms: msOf(tokens), p95Ms: 1.3 * msOf(tokens) })),
    score: accuracy,
    accuracy,
    agreement: 0.92,
    slowness: 1,
  };
}

/** The front that a search can find; only the first is trained when a simulation begins. */
export const front: readonly SimulatedStudent[] = [
  student(4, 384, 1.75, 0.66, "aaaaaaaaaaa4"),
  student(3, 320, 1.05, 0.645, "aaaaaaaaaaa3"),
  student(2, 256, 0.52, 0.62, "aaaaaaaaaaa2"),
  student(1, 192, 0.24, 0.59, "aaaaaaaaaaa1"),
];

/** What a server steps down to. */
export const fallback: SimulatedStudent = student(0, 256, 0.03, 0.53, "aaaaaaaaaaa0");

/** It looks better than all on validation rows; a damaged export answers otherwise, and slowly. */
export const badStudent: SimulatedStudent = {
  ...student(4, 320, 1.4, 0.72, "bbbbbbbbbbbb"),
  accuracy: 0.41,
  agreement: 0.55,
  slowness: 1.8,
};

/** The front as trials, from which searches begin. */
export const trials: readonly OkTrial[] = front.map((each, episode) => ({
  status: "ok",
  episode,
  architecture: each.architecture,
  seed: 1,
  tokens: 160_000,
  seconds: 600,
  loss: 1 - each.score,
  latency: each.latency,
  latencyMs: each.latency[2]?.p50Ms ?? 1,
  reward: each.score,
}));
