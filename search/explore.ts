import { join } from "node:path";
import { type Architecture, architectureName } from "../src/contract/architecture.ts";
import { must } from "../src/invariant.ts";
import type { Log } from "./command.ts";
import type { SearchConfig } from "./config.ts";
import { corpusHash } from "./corpus/corpus-hash.ts";
import { neededTeacherLayers } from "./distil/state-maps.ts";
import type { StateTargets } from "./distil/targets.ts";
import { runProxyTrial } from "./distil/trial.ts";
import { runEpisodes } from "./episodes.ts";
import { tryGiven } from "./given-architectures.ts";
import { hashSettings, openJournal, readJournal } from "./journal.ts";
import { type Materials, studentPositions, teacherStates } from "./prepare.ts";
import { printProgress } from "./progress.ts";
import { measureLatency } from "./reward/measure.ts";
import { trialsInProduction } from "./reward/production/calibrate.ts";
import { expectedMs, type ProductionModel } from "./reward/production/expectation.ts";
import { readProduction } from "./reward/production/production-file.ts";
import { reward, rewardsPerBudget } from "./reward/reward.ts";
import { createSpace } from "./space/space.ts";
import type { Trial } from "./space/trial.ts";
import { headsOf } from "./student/encoded-task.ts";
import { ownFault } from "./student/own-fault.ts";
import { teacherLatencyMs } from "./teacher/latency.ts";
import type { TimeBudget } from "./time-budget.ts";
import { budgetTokens, timedLengths } from "./timed-lengths.ts";

/** The paper's β: the latency aimed at, as a share of the teacher's. */
const beta = 0.1;

/**
 * The search proper: controller proposes → distil on the proxy set → reward → controller learns → journal, until the trials are
 * done. What the journal holds already is not done again, so a killed search goes on as if it had not been.
 */
export async function explore(time: TimeBudget, materials: Materials, log: Log): Promise<readonly Trial[]> {
  const { config } = time;
  const { architecture } = materials.teacher;
  const space = createSpace(architecture.vocabulary, architecture);
  const earlier = config.warmStart === null ? null : readJournal(join(config.warmStart, "journal.jsonl"));
  const production = config.production === null ? null : readProduction(config.production);
  if (production !== null) log(`production · budgets are of a text of ${config.production}`);
  const journal = openJournal(join(config.runs, config.id, "journal.jsonl"), config.id, {
    ...journalSettings(config, materials),
    ...(production === null ? {} : { production: hashSettings(production) }),
    ...(earlier === null ? {} : { warmStart: { search: earlier.header.searchId, trials: earlier.trials.length } }),
  });
  const layers = neededTeacherLayers(space.layers, architecture.layers);
  const targets = await teacherStates(
    config,
    materials,
    { tokens: config.effort.proxyTokens, seed: config.seed, layers },
    log,
  );
  const teacherMs = await teacherLatencyMs(materials.teacher, budgetTokens);
  log(`teacher · ${teacherMs.toFixed(2)} ms at ${budgetTokens} tokens, fp32, one thread`);
  const run = (a: Architecture, episode: number) =>
    runTrial(config, materials, targets, a, { episode, teacherMs, production, log });
  const trials =
    config.architectures === null
      ? await runEpisodes({
          config,
          space,
          teacherShape: architecture,
          journal,
          earlier: earlierTrials(earlier?.trials ?? [], production),
          production,
          log,
          run,
          // What the journal holds was done in its time.
          isOver: (done) => done >= journal.trials.length && time.isOver(done),
        })
      : await tryGiven(config.architectures, architecture.vocabulary, { config, journal, log, run });
  journal.close();
  time.learn(trials);
  return trials;
}

/** As this search would have rated them: where budgets are of production's traffic, earlier ones were of none or of other. */
function earlierTrials(trials: readonly Trial[], production: ProductionModel | null): readonly Trial[] {
  return production === null ? trials : trialsInProduction(production, trials);
}

interface TrialPlace {
  readonly episode: number;
  readonly teacherMs: number;
  /** Null where budgets are meant offline. */
  readonly production: ProductionModel | null;
  readonly log: Log;
}

/** Distils an architecture on the proxy set, times its artefact and says what it is worth. */
export async function runTrial(
  config: SearchConfig,
  materials: Materials,
  targets: StateTargets,
  architecture: Architecture,
  { episode, teacherMs, production, log }: TrialPlace,
): Promise<Trial> {
  const started = performance.now();
  const result = await runProxyTrial(architecture, targets, materials.heritage, {
    transfer: config.transfer,
    tokens: config.effort.trialTokens,
    seed: config.seed,
    threads: config.threads,
    precision: config.precision,
    positions: studentPositions,
    heads: headsOf(materials.tasks),
    onProgress: printProgress(`distil ${architectureName(architecture)}`, log),
  });
  const base = { episode, architecture, seed: config.seed, tokens: config.effort.trialTokens };
  const seconds = () => (performance.now() - started) / 1000;
  if (result.status === "failed") return { ...base, seconds: seconds(), ...result, reward: null };
  const latency = await orOwnFault(
    measureLatency(result.artefact, timedLengths, { threads: 1, vocabulary: architecture.vocabulary }),
  );
  if (typeof latency === "string")
    return { ...base, seconds: seconds(), status: "failed", reason: latency, reward: null };
  const latencyMs =
    production === null
      ? must(latency.find(({ tokens }) => tokens === budgetTokens)).p50Ms
      : expectedMs(production, architecture, latency);
  const { pooledLoss, hiddenLoss } = result.distilled;
  return {
    ...base,
    seconds: seconds(),
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

/** What makes trials comparable. A journal of other settings is not taken up. */
function journalSettings(config: SearchConfig, { corpus, teacher }: Materials): Record<string, unknown> {
  const { trialsPerEpisode, proxyTokens, trialTokens, teacherTokens } = config.effort;
  return {
    seed: config.seed,
    controller: config.controller,
    transfer: config.transfer,
    ...(config.precision === "int8" && { precision: config.precision }),
    budgetsMs: config.budgetsMs,
    effort: { trialsPerEpisode, proxyTokens, trialTokens, teacherTokens },
    dataSets: corpus.dataSets.map(({ name }) => name),
    tasks: corpus.tasks.map(({ name }) => name),
    data: corpusHash(corpus),
    teacher: teacher.architecture,
  };
}
