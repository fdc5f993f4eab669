import { must } from "../../src/invariant.ts";
import type { Log } from "../command/command.ts";
import type { Corpus } from "../corpus/assemble.ts";
import { table } from "../reward/report.ts";
import { budgetOf } from "../student-name.ts";
import { budgetTokens } from "../timed-lengths.ts";
import { bestTeam, type Team, teamsWithin, type Voice } from "./choose-ensemble.ts";
import { canJoin, listen } from "./listen.ts";
import type { Student } from "./subjects.ts";
import { writeEnsemble } from "./write-ensemble.ts";

export interface FitOptions {
  readonly threads: number;
  /** Whether manifests and cards are to say it. */
  readonly write: boolean;
}

/**
 * Finds for each of some students the team of faster ones that answers best within its budget, on the corpus' validation rows.
 * @param all students there are, the fastest first.
 */
export async function fitEnsembles(
  wanted: readonly Student[],
  all: readonly Student[],
  corpus: Corpus,
  { threads, write }: FitOptions,
  log: Log,
): Promise<void> {
  const voices = new Map<Student, Voice>();
  const voiceOf = async (one: Student) => {
    const voice = voices.get(one) ?? (await listen(one, corpus, threads, log));
    voices.set(one, voice);
    return voice;
  };
  for (const student of wanted) {
    const { name } = student.manifest;
    const budgetMs = budgetOf(name);
    const faster = all.slice(0, all.indexOf(student)).filter((other) => canJoin(other, student));
    if (budgetMs === null || faster.length === 0) {
      log(`${name} answers alone: ${budgetMs === null ? "its name says no budget" : "no faster student fits it"}`);
      continue;
    }
    const own = await voiceOf(student);
    const others = new Map<Voice, Student>();
    for (const one of faster) others.set(await voiceOf(one), one);
    const teams = teamsWithin(own, [...others.keys()], budgetMs);
    const best = bestTeam(teams);
    log(`\n${name}, within ${budgetMs} ms at ${budgetTokens} tokens:\n${report(teams, best)}`);
    const members = best.members.flatMap((voice) => others.get(voice) ?? []);
    if (write) await writeEnsemble(student, members, best, corpus, threads, log);
  }
}

/** Means over data sets, times 100; a task that is best answered alone has the same figure as there. */
function report(teams: readonly Team[], best: Team): string {
  const tasks = [...best.scores.keys()];
  const rows = teams.map((team) => [
    `${team === best ? "*" : " "} ${team.members.map(({ name }) => name).join(" + ")}`,
    team.ms.toFixed(3),
    ...tasks.map((task) => (100 * must(team.scores.get(task))).toFixed(1)),
  ]);
  return table(["  together", "ms", ...tasks], rows);
}
