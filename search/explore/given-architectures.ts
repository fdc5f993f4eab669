import { type Architecture, architectureName, fromArchitectureName } from "../../src/contract/architecture.ts";
import { ConfigError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import type { Log } from "../command/command.ts";
import type { SearchConfig } from "../config.ts";
import { mappedLayers, neededTeacherLayers, stateMaps } from "../distil/state-maps.ts";
import { type BudgetWinner, bestPerBudget } from "../reward/reward.ts";
import { createSpace } from "../space/space.ts";
import type { Trial } from "../space/trial.ts";
import { trialLine } from "./episodes.ts";
import { runTrials, type TrialRunning } from "./run-trials.ts";

/**
 * What `--architectures` names, in the order of the budgets; null where it is searched.
 * @throws {ConfigError} for one that cannot be distilled from this teacher.
 */
export function givenArchitectures(
  { architectures }: Pick<SearchConfig, "architectures">,
  teacher: Architecture,
): Architecture[] | null {
  if (architectures === null) return null;
  return architectures.map((name) => {
    const a = must(fromArchitectureName(name, teacher.vocabulary), name);
    const reason = reasonAgainst(a, teacher);
    if (reason !== null) throw new ConfigError(`--architectures: ${name} ${reason}`);
    return a;
  });
}

/** Null for what can be distilled from this teacher. */
function reasonAgainst(a: Architecture, teacher: Architecture): string | null {
  if (a.tableWidth > teacher.hidden) return `has a wider token table than the teacher, which is ${teacher.hidden} wide`;
  // Training updates a row four floats at a time, and the artefact puts two numbers into a byte.
  if (a.tableWidth % 4 !== 0) return "has a token table whose width is no multiple of 4";
  if (a.layers > teacher.layers) return `has more layers than the teacher, which has ${teacher.layers}`;
  const { layers } = createSpace(teacher.vocabulary, teacher);
  const computed = neededTeacherLayers(layers, teacher.layers);
  if (mappedLayers(stateMaps(a, teacher)).every((layer) => computed.includes(layer))) return null;
  return `has more than ${Math.max(...layers)} layers, and is not as wide as the teacher, whose layers it could copy`;
}

/** One trial of each of `--architectures`, in the place of a search: it times them, and the report shows them like found ones. */
export async function tryGiven(names: readonly string[], vocabulary: number, running: TrialRunning): Promise<Trial[]> {
  const architectures = [...new Set(names)].map((name) => must(fromArchitectureName(name, vocabulary), name));
  const trials: Trial[] = [];
  for await (const trial of runTrials(running, architectures, 0)) {
    trials.push(trial);
    running.log(trialLine(trial, trials.length, architectures.length));
  }
  return trials;
}

/** Whether a student without layers is tried: unless others were asked for, it may be. */
export function makesStatics({ architectures }: Pick<SearchConfig, "architectures">): boolean {
  return architectures?.some((name) => fromArchitectureName(name, 1)?.layers === 0) ?? true;
}

/** What is trained for each budget: what was given for it, as slow as it may be, or the best that meets it. */
export function winnersOf(trials: readonly Trial[], config: SearchConfig, log: Log): BudgetWinner[] {
  const { architectures, budgetsMs } = config;
  if (architectures === null) return bestPerBudget(trials, budgetsMs);
  return budgetsMs.map((budgetMs, i) => {
    const given = trials.find(({ architecture }) => architectureName(architecture) === architectures[i]);
    if (given?.status !== "ok") return { budgetMs, trial: null };
    if (given.latencyMs > budgetMs)
      log(`${budgetMs} ms · ${architectures[i]} takes ${given.latencyMs.toFixed(3)} ms here, more than this budget`);
    return { budgetMs, trial: given };
  });
}
