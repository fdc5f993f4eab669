import { join } from "node:path";
import type { Log } from "../command/command.ts";
import type { SearchConfig } from "../config.ts";
import { corpusHash } from "../corpus/corpus-hash.ts";
import { neededTeacherLayers } from "../distil/state-maps.ts";
import { teacherKey } from "../heads/teacher-classifier.ts";
import { type Materials, teacherStates } from "../prepare.ts";
import { trialsInProduction } from "../reward/production/calibrate.ts";
import type { ProductionModel } from "../reward/production/expectation.ts";
import { offlineTrials } from "../reward/production/offline-trials.ts";
import { readProduction } from "../reward/production/production-file.ts";
import { createSpace } from "../space/space.ts";
import type { Trial } from "../space/trial.ts";
import { weightsHash } from "../student/weights-hash.ts";
import { teacherLatencyMs } from "../teacher/latency.ts";
import type { TimeBudget } from "../time/time-budget.ts";
import { budgetTokens } from "../timed-lengths.ts";
import { runEpisodes } from "./episodes.ts";
import { tryGiven } from "./given-architectures.ts";
import { hashSettings, openJournal, readJournal } from "./journal.ts";
import { runGroup } from "./run-group.ts";
import type { TrialRunning } from "./run-trials.ts";

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
  const place = { config, materials, targets, teacherMs, production, log };
  const run: TrialRunning["run"] = (architectures, group) => runGroup({ ...place, ...group }, architectures);
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

/**
 * As this search would have rated them: whether its budgets are of production's traffic or of none, those of the earlier one may have been
 * of other traffic. Failed ones go along, to be counted.
 */
export function earlierTrials(trials: readonly Trial[], production: ProductionModel | null): readonly Trial[] {
  const rated = production === null ? offlineTrials(trials) : trialsInProduction(production, trials);
  return [...rated, ...trials.filter(({ status }) => status === "failed")];
}

/** What makes trials comparable. A journal of other settings is not taken up. */
function journalSettings(config: SearchConfig, { corpus, teacher, tuned }: Materials): Record<string, unknown> {
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
    teacher: { ...teacher.architecture, weights: weightsHash(teacher.weights) },
    ...(tuned.length > 0 && { tuned: tuned.map(teacherKey) }),
  };
}
