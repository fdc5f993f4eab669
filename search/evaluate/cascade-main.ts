import { latencyAmong, scoresAmong } from "../../src/contract/ensemble.ts";
import type { Cascade } from "../../src/contract/manifest.ts";
import { meanScore } from "../../src/contract/mean-score.ts";
import { ConfigError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import { percent } from "../../src/percent.ts";
import { taskOf } from "../../src/tasks/index.ts";
import { runCommand } from "../command/command.ts";
import { dataFlag } from "../command/data-flag.ts";
import { judgedRows, limitValidation } from "../corpus/limit-validation.ts";
import { loadCorpus } from "../corpus/load.ts";
import { rewriteDescription } from "../export/write-description.ts";
import { table } from "../reward/report.ts";
import { fitThresholds, inPlaceOf, judgeThresholds } from "./cascade.ts";
import { judgePair } from "./judge-pair.ts";
import { findStudents, type Student } from "./subjects.ts";

/** `npm run cascade`: how sure the fast student has to be for its answer to stand, by task and language. */
await runCommand(
  {
    name: "npm run cascade",
    about:
      "Fits the thresholds of a cascade on validation rows: above them the fast student's answer is as good as the larger\n" +
      "one's. With --write they go into the fast student's manifest, where those of tasks stay that these data do not judge;\n" +
      "a server with KDNAS_CASCADE=true uses them.",
    flags: {
      models: { type: "string", doc: "folder of the students", env: "KDNAS_MODELS", default: "models" },
      data: dataFlag,
      fast: { type: "string", doc: "student that is asked first; by default the fastest" },
      large: { type: "string", doc: "student that is asked next; by default the most accurate" },
      loss: { type: "number", doc: "accuracy that may be lost against the larger one, in points", default: 0.5 },
      rows: { type: "integer", doc: "validation rows of a data set, at most", default: judgedRows },
      threads: { type: "integer", doc: "threads", default: 2 },
      write: { type: "boolean", doc: "write the thresholds into the fast student's manifest", default: false },
    },
  },
  async (flags, log) => {
    const students = findStudents(flags.models);
    const large = pick(students, flags.large, mostAccurate);
    const fast = pick(students, flags.fast, (all) => must(all[0]));
    if (fast === large) throw new ConfigError(`${fast.manifest.name} cannot be both; a cascade needs two students`);
    const corpus = limitValidation(await loadCorpus(flags.data, { seed: 1 }), flags.rows);
    const tasks: Cascade["tasks"] = [];
    for (const task of sharedTasks(fast, large)) {
      log(`${task} · ${fast.manifest.name} beside ${large.manifest.name}`);
      const judged = await judgePair(corpus, task, students, { fast, large }, flags.threads);
      if (judged.length === 0) continue;
      const loss = flags.loss / 100;
      tasks.push({ task, ...fitThresholds(judged, loss), ...judgeThresholds(judged, loss) });
    }
    log(report(tasks, fast, large, students));
    if (flags.write) write(fast, { to: { name: large.manifest.name, version: large.manifest.version }, tasks }, log);
  },
);

function pick(
  students: readonly Student[],
  name: string | undefined,
  standard: (students: readonly Student[]) => Student,
): Student {
  if (name === undefined) return standard(students);
  const found = students.find(({ manifest }) => manifest.name === name);
  if (!found) throw new ConfigError(`no student ${name}; there are ${students.map((s) => s.manifest.name).join(", ")}`);
  return found;
}

function mostAccurate(students: readonly Student[]): Student {
  const scoreOf = ({ manifest }: Student) => {
    const scores = scoresAmong(manifest, students);
    return scores.length === 0 ? Number.NEGATIVE_INFINITY : meanScore(scores);
  };
  return students.reduce((a, b) => (scoreOf(b) > scoreOf(a) ? b : a));
}

/** Tasks over single texts whose answers are labels. */
function sharedTasks(fast: Student, large: Student): string[] {
  return fast.manifest.tasks
    .filter((entry) => entry.input === "text" && taskOf(entry).metric !== "pearson")
    .filter((entry) => large.manifest.tasks.some(({ name }) => name === entry.name))
    .map(({ name }) => name);
}

/** The time is the manifests', at their middle length. */
function report(tasks: Cascade["tasks"], fast: Student, large: Student, students: readonly Student[]): string {
  const ms = ({ manifest }: Student) => {
    const { lengths } = latencyAmong(manifest, students);
    return must(lengths[lengths.length >> 1]).p50Ms;
  };
  const rows = tasks.map(({ task, threshold, languages, kept, accuracy, largeAccuracy, rows: n }) => [
    task,
    String(n),
    threshold.toFixed(3),
    String(Object.keys(languages).length),
    percent(kept),
    percent(accuracy),
    percent(largeAccuracy),
    percent(1 - (ms(fast) + (1 - kept) * ms(large)) / ms(large)),
  ]);
  const head = [
    "task",
    "rows",
    "threshold",
    "own languages",
    "kept",
    "accuracy",
    `${large.manifest.name} alone`,
    "time saved",
  ];
  return `on rows that the thresholds were not fitted on:\n${table(head, rows)}`;
}

function write(student: Student, fitted: Cascade, log: (line: string) => void): void {
  const cascade = inPlaceOf(student.manifest.cascade, fitted);
  log(`written to ${rewriteDescription(student, { ...student.manifest, cascade })}`);
}
