import { type Architecture, architectureName } from "../../src/contract/architecture.ts";
import type { Log } from "../command/command.ts";
import type { SearchConfig } from "../config.ts";
import type { StateTargets } from "../distil/targets.ts";
import { type ProxyResult, runProxyTrial } from "../distil/trial.ts";
import { type Materials, studentPositions } from "../prepare.ts";
import { printProgress } from "../progress.ts";
import { budgetLatency } from "../reward/budget-latency.ts";
import { measureLatency } from "../reward/measure.ts";
import { expectedMs, type ProductionModel } from "../reward/production/expectation.ts";
import { reward, rewardsPerBudget } from "../reward/reward.ts";
import { sideBySide } from "../side-by-side.ts";
import type { Trial } from "../space/trial.ts";
import { headsOf } from "../student/encoded-task.ts";
import { ownFault } from "../student/own-fault.ts";
import { timedLengths } from "../timed-lengths.ts";
import type { TrialGroup } from "./run-trials.ts";

/** The paper's β: the latency aimed at, as a share of the teacher's. */
const beta = 0.1;

interface TrialPlace extends TrialGroup {
  readonly config: SearchConfig;
  readonly materials: Materials;
  readonly targets: StateTargets;
  readonly teacherMs: number;
  /** Null where budgets are meant offline. */
  readonly production: ProductionModel | null;
  readonly log: Log;
}

interface Distillation {
  readonly architecture: Architecture;
  readonly result: ProxyResult;
  readonly seconds: number;
}

/**
 * Distils architectures on the proxy set, side by side; then times their artefacts one after another, so that nothing else runs
 * meanwhile, and says what each is worth.
 */
export async function runGroup(place: TrialPlace, architectures: readonly Architecture[]): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (const distillation of await distilled(place, architectures)) {
    const started = performance.now();
    const rated = await rate(place, distillation);
    const seconds = distillation.seconds + (performance.now() - started) / 1000;
    trials.push({ ...rated, seconds });
  }
  return trials;
}

/** Seconds are those that went by, divided as the trainings took them. */
async function distilled(place: TrialPlace, architectures: readonly Architecture[]): Promise<Distillation[]> {
  const started = performance.now();
  const secondsSince = () => (performance.now() - started) / 1000;
  const ended = await sideBySide(
    architectures.map((architecture) => async (signal: AbortSignal) => {
      const result = await distilOne(place, architecture, signal);
      return { architecture, result, taken: secondsSince() };
    }),
  );
  const all = ended.reduce((sum, { taken }) => sum + taken, 0);
  const passed = secondsSince();
  return ended.map(({ taken, ...rest }) => ({ ...rest, seconds: (passed * taken) / all }));
}

function distilOne(
  { config, materials, targets, threads, log }: TrialPlace,
  architecture: Architecture,
  signal: AbortSignal,
): Promise<ProxyResult> {
  return runProxyTrial(architecture, targets, materials.heritage, {
    transfer: config.transfer,
    tokens: config.effort.trialTokens,
    seed: config.seed,
    threads,
    precision: config.precision,
    positions: studentPositions,
    heads: headsOf(materials.tasks),
    onProgress: printProgress(`distil ${architectureName(architecture)}`, log),
    signal,
  });
}

/** A trial of which only the seconds are open. */
async function rate(
  { config, episode, teacherMs, production }: TrialPlace,
  { architecture, result }: Distillation,
): Promise<Trial> {
  const base = { episode, architecture, seed: config.seed, tokens: config.effort.trialTokens, seconds: 0 };
  if (result.status === "failed") return { ...base, ...result, reward: null };
  const latency = await orOwnFault(
    measureLatency(result.artefact, timedLengths, { threads: 1, vocabulary: architecture.vocabulary }),
  );
  if (typeof latency === "string") return { ...base, status: "failed", reason: latency, reward: null };
  const latencyMs = production === null ? budgetLatency(latency).p50Ms : expectedMs(production, architecture, latency);
  const { pooledLoss, hiddenLoss } = result.distilled;
  return {
    ...base,
    status: "ok",
    loss: pooledLoss,
    ...(hiddenLoss === null ? {} : { hiddenLoss }),
    latency,
    latencyMs,
    reward: reward(pooledLoss, latencyMs, { teacherLatencyMs: teacherMs, beta }),
    rewards: rewardsPerBudget(pooledLoss, latencyMs, config.budgetsMs),
    bytes: result.artefact.length,
  };
}

/** What comes of it, or why it failed by its own fault. */
async function orOwnFault<T>(work: Promise<T>): Promise<T | string> {
  try {
    return await work;
  } catch (error) {
    const reason = ownFault(error);
    if (reason === null) throw error;
    return reason;
  }
}
