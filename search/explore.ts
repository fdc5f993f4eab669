import { join } from "node:path";
import { type Architecture, architectureName } from "../src/contract/architecture.ts";
import { must } from "../src/invariant.ts";
import type { Log } from "./command.ts";
import type { SearchConfig } from "./config.ts";
import { type Controller, createController } from "./controller/controller.ts";
import { neededTeacherLayers } from "./distil/state-maps.ts";
import type { StateTargets } from "./distil/targets.ts";
import { runProxyTrial } from "./distil/trial.ts";
import { type Journal, openJournal } from "./journal.ts";
import { type Materials, studentPositions, teacherStates } from "./prepare.ts";
import { printProgress } from "./progress.ts";
import { fitLatencyModel, predictLatency, priorModel, toSamples } from "./reward/latency-model.ts";
import { measureLatency } from "./reward/measure.ts";
import { bestPerBudget, budgetObjective, reward, rewardsPerBudget } from "./reward/reward.ts";
import { macsPerToken } from "./space/cost.ts";
import { architectureKey, createSpace, enumerate, type Space } from "./space/space.ts";
import type { Objective, Trial } from "./space/trial.ts";
import { headOf } from "./student/encoded-task.ts";
import { teacherLatencyMs } from "./teacher/latency.ts";

/** Token lengths at which artefacts are timed; budgets are meant at `budgetTokens`. */
export const timedLengths = [8, 16, 32, 64, 128];
export const budgetTokens = 32;
/** The paper's β: the latency aimed at, as a share of the teacher's. */
const beta = 0.1;

/**
 * The search proper: controller proposes → distil on the proxy set → reward → controller learns → journal, until the trials are
 * done. What the journal holds already is not done again, so a killed search goes on as if it had not been.
 */
export async function explore(config: SearchConfig, materials: Materials, log: Log): Promise<readonly Trial[]> {
  const { architecture } = materials.teacher;
  const space = createSpace(architecture.vocabulary, architecture);
  const journal = openJournal(
    join(config.runs, config.id, "journal.jsonl"),
    config.id,
    journalSettings(config, materials),
  );
  const layers = neededTeacherLayers(space.layers, architecture.layers);
  const targets = await teacherStates(
    config,
    materials,
    { tokens: config.effort.proxyTokens, seed: config.seed, layers },
    log,
  );
  const teacherMs = await teacherLatencyMs(materials.teacher, budgetTokens);
  log(`teacher · ${teacherMs.toFixed(2)} ms at ${budgetTokens} tokens, fp32, one thread`);
  const trials = await runEpisodes(config, space, journal, log, async (architecture, episode) => {
    const trial = await runTrial(config, materials, targets, architecture, { episode, teacherMs, log });
    journal.append(trial);
    return trial;
  });
  journal.close();
  return trials;
}

async function runEpisodes(
  config: SearchConfig,
  space: Space,
  journal: Journal,
  log: Log,
  run: (architecture: Architecture, episode: number) => Promise<Trial>,
): Promise<Trial[]> {
  const { trials: total, trialsPerEpisode } = config.effort;
  const controller = createController(config.controller, {
    space,
    seed: config.seed,
    episodes: Math.ceil(total / trialsPerEpisode),
    objectives: config.budgetsMs.map((budget) => budgetObjective(budget)) as [Objective, ...Objective[]],
  });
  const known = new Map(journal.trials.map((trial) => [architectureKey(trial.architecture), trial]));
  if (known.size > 0) log(`journal · ${known.size} trials taken up`);
  const trials: Trial[] = [];
  for (let episode = 0; trials.length < total; episode++) {
    const wanted = Math.min(trialsPerEpisode, total - trials.length);
    const unmet = anchors(space, unmetBudgets(trials, config.budgetsMs), trials).slice(0, wanted);
    const proposals = distinct([...unmet, ...(await proposed(controller, wanted - unmet.length))]);
    if (proposals.length === 0) break;
    const told: Trial[] = [];
    for (const architecture of proposals) {
      told.push(known.get(architectureKey(architecture)) ?? (await run(architecture, episode)));
      log(trialLine(must(told.at(-1)), trials.length + told.length, total));
    }
    await controller.tell(told);
    trials.push(...told);
  }
  return trials;
}

/** A controller that is asked for nothing would still count an episode. */
function proposed(controller: Controller, count: number): Promise<Architecture[]> {
  return count > 0 ? controller.propose(count) : Promise.resolve([]);
}

/** Budgets that no trial meets so far. */
function unmetBudgets(trials: readonly Trial[], budgetsMs: readonly number[]): number[] {
  return bestPerBudget(trials, budgetsMs).flatMap(({ budgetMs, trial }) => (trial === null ? [budgetMs] : []));
}

/**
 * For each budget the untried architecture with the most multiply-adds that should fit it. Few of a space fit a small budget, and
 * a controller that has seen none of them has nothing to learn from; the guess is corrected by every trial's latency.
 */
function anchors(space: Space, budgetsMs: readonly number[], trials: readonly Trial[]): Architecture[] {
  if (budgetsMs.length === 0) return [];
  const samples = toSamples(trials);
  const model = samples.length === 0 ? priorModel : fitLatencyModel(samples);
  const tried = new Set(trials.map((trial) => architectureKey(trial.architecture)));
  const untried = enumerate(space)
    .filter((a) => !tried.has(architectureKey(a)))
    .map((a) => ({ a, size: macsPerToken(a) + a.tableWidth, ms: predictLatency(model, a, budgetTokens).ms }));
  const chosen = budgetsMs.flatMap((budgetMs) => {
    const fitting = untried.filter(({ ms }) => ms <= 0.9 * budgetMs);
    return fitting.length === 0 ? [] : [fitting.reduce((best, each) => (each.size > best.size ? each : best)).a];
  });
  return distinct(chosen);
}

function distinct(architectures: readonly Architecture[]): Architecture[] {
  return [...new Map(architectures.map((a) => [architectureKey(a), a])).values()];
}

/** Distils an architecture on the proxy set, times its artefact and says what it is worth. */
export async function runTrial(
  config: SearchConfig,
  materials: Materials,
  targets: StateTargets,
  architecture: Architecture,
  { episode, teacherMs, log }: { readonly episode: number; readonly teacherMs: number; readonly log: Log },
): Promise<Trial> {
  const started = performance.now();
  const result = await runProxyTrial(architecture, targets, materials.heritage, {
    tokens: config.effort.trialTokens,
    seed: config.seed,
    threads: config.threads,
    positions: studentPositions,
    heads: materials.tasks.map(({ task, labels }) => headOf(task, labels)),
    onProgress: printProgress(`distil ${architectureName(architecture)}`, log),
  });
  const base = { episode, architecture, seed: config.seed, tokens: config.effort.trialTokens };
  const seconds = () => (performance.now() - started) / 1000;
  if (result.status === "failed") return { ...base, seconds: seconds(), ...result, reward: null };
  const latency = await measureLatency(result.artefact, timedLengths, {
    threads: 1,
    vocabulary: architecture.vocabulary,
  });
  const latencyMs = must(latency.find(({ tokens }) => tokens === budgetTokens)).p50Ms;
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

/** What makes trials comparable. A journal of other settings is not taken up. */
function journalSettings(config: SearchConfig, { corpus, teacher }: Materials): Record<string, unknown> {
  const { trialsPerEpisode, proxyTokens, trialTokens, teacherTokens } = config.effort;
  return {
    seed: config.seed,
    controller: config.controller,
    budgetsMs: config.budgetsMs,
    effort: { trialsPerEpisode, proxyTokens, trialTokens, teacherTokens },
    dataSets: corpus.dataSets.map(({ name }) => name),
    teacher: teacher.architecture,
  };
}

function trialLine(trial: Trial, number: number, total: number): string {
  const what = `trial ${number} of ${total} · ${architectureName(trial.architecture)}`;
  if (trial.status === "failed") return `${what} · failed: ${trial.reason}`;
  return `${what} · loss ${trial.loss.toFixed(4)} · ${trial.latencyMs.toFixed(3)} ms · reward ${trial.reward.toFixed(4)} · ${trial.seconds.toFixed(0)} s`;
}
