import { must } from "../../src/invariant.ts";
import { runCommand } from "../command.ts";
import { judgedRows, limitValidation } from "../corpus/limit-validation.ts";
import { loadCorpus } from "../corpus/load.ts";
import { dataFlag } from "../data-flag.ts";
import { table } from "../reward/report.ts";
import { budgetOf } from "../student-name.ts";
import { budgetTokens } from "../timed-lengths.ts";
import { bestTeam, type Team, teamsWithin, type Voice } from "./choose-ensemble.ts";
import { canJoin, listen } from "./listen.ts";
import { findStudents, type Student } from "./subjects.ts";
import { writeEnsemble } from "./write-ensemble.ts";

/** `npm run ensemble`: which faster students should answer along with each student, within its latency budget. */
await runCommand(
  {
    name: "npm run ensemble",
    about:
      "Finds, for each student, the faster ones that answer along with it best while all together keep its latency budget,\n" +
      "on validation rows. With --write they go into its manifest; a server adds their logits from its next look at the folder on.",
    flags: {
      models: { type: "string", doc: "folder of the students", env: "KDNAS_MODELS", default: "models" },
      data: dataFlag,
      rows: { type: "integer", doc: "validation rows of a data set, at most", default: judgedRows },
      threads: { type: "integer", doc: "threads", default: 2 },
      write: { type: "boolean", doc: "write ensembles, with their scores, into manifests and cards", default: false },
    },
  },
  async (flags, log) => {
    const students = findStudents(flags.models);
    const corpus = limitValidation(await loadCorpus(flags.data ?? [], { seed: 1, tasks: "all" }), flags.rows);
    const voices = new Map<Student, Voice>();
    for (const one of students) voices.set(one, await listen(one, corpus, flags.threads, log));
    for (const student of students) {
      const { name } = student.manifest;
      const budgetMs = budgetOf(name);
      const faster = students.slice(0, students.indexOf(student)).filter((other) => canJoin(other, student));
      if (budgetMs === null || faster.length === 0) {
        log(`${name} answers alone: ${budgetMs === null ? "its name says no budget" : "no faster student fits it"}`);
        continue;
      }
      const voiceOf = (one: Student) => must(voices.get(one));
      const teams = teamsWithin(voiceOf(student), faster.map(voiceOf), budgetMs);
      const best = bestTeam(teams);
      log(`\n${name}, within ${budgetMs} ms at ${budgetTokens} tokens:\n${report(teams, best)}`);
      const members = faster.filter((one) => best.members.includes(voiceOf(one)));
      if (flags.write) await writeEnsemble(student, members, best, corpus, flags.threads, log);
    }
  },
);

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
