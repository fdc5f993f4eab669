import type { TrialRunning } from "../../search/explore/run-trials.ts";
import { attentionMacs, macsPerToken } from "../../search/space/cost.ts";
import type { FailedTrial, OkTrial, Trial } from "../../search/space/trial.ts";
import type { Architecture } from "../../src/contract/architecture.ts";

/** A world in closed form for tests: capacity lowers the loss with falling returns, and costs time. */
export function syntheticLatencyMs(a: Architecture, tokens = 32): number {
  return 0.02 + 0.05 * a.layers + (tokens * macsPerToken(a) + attentionMacs(a, tokens)) / 130e6;
}

export function syntheticLoss(a: Architecture): number {
  if (a.layers === 0) return 0.75 - 0.05 * Math.log2(a.tableWidth / 64);
  const depth = 0.4 * Math.exp(-a.layers / 2.2);
  const width = 0.25 * Math.exp(-a.hidden / 160) + 0.05 * Math.exp(-a.ffn / a.hidden / 1.5);
  return 0.18 + depth + width + 0.12 * Math.exp(-a.tableWidth / 90) + (a.activation === "relu" ? 0.01 : 0);
}

export function syntheticTrial(architecture: Architecture, episode = 0): OkTrial {
  const latency = [8, 32, 128].map((tokens) => {
    const p50Ms = syntheticLatencyMs(architecture, tokens);
    return { tokens, p50Ms, p95Ms: 1.1 * p50Ms };
  });
  const latencyMs = syntheticLatencyMs(architecture);
  const loss = syntheticLoss(architecture);
  return { ...attempted(architecture, episode), status: "ok", loss, latency, latencyMs, reward: 1 - loss };
}

export function failedTrial(architecture: Architecture, episode = 0): FailedTrial {
  return { ...attempted(architecture, episode), status: "failed", reason: "loss is not finite", reward: null };
}

/** A trial with nothing but a loss and a latency of interest. */
export function outcome(loss: number, latencyMs: number): OkTrial {
  const architecture = {
    layers: 0,
    hidden: 64,
    heads: 0,
    ffn: 0,
    activation: "gelu",
    tableWidth: 64,
    vocabulary: 1000,
  } as const;
  return { ...syntheticTrial(architecture), loss, latencyMs };
}

function attempted(architecture: Architecture, episode: number) {
  return { episode, architecture, seed: 1, tokens: 1000, seconds: 0.5 };
}

/** Runs a group of trials with what runs one. */
export function runEach(one: (a: Architecture, episode: number) => Trial | Promise<Trial>): TrialRunning["run"] {
  return (architectures, { episode }) => Promise.all(architectures.map((a) => one(a, episode)));
}
