import { runCommand } from "../command.ts";
import { judgedRows, limitValidation } from "../corpus/limit-validation.ts";
import { loadCorpus } from "../corpus/load.ts";
import { dataFlag } from "../data-flag.ts";
import { latencyTable } from "./latency-table.ts";
import { scoreTable } from "./score-table.ts";
import { findStudents, fineTunedFolder, studentScores, teacherScores } from "./subjects.ts";

/** `npm run evaluate`: how good and how fast the students in a folder are, beside the fine-tuned teacher and XLM-R Base's size. */
await runCommand(
  {
    name: "npm run evaluate",
    about:
      "Scores every student and the fine-tuned teacher on the validation splits, and times them beside the teacher and a\n" +
      "random-weight XLM-R Base in one run. With --write, the teacher's scores go into the students' manifests.",
    flags: {
      models: { type: "string", doc: "folder of the students", env: "KDNAS_MODELS", default: "models" },
      data: dataFlag,
      teacher: { type: "string", doc: "teacher folder", default: "models/teacher" },
      runs: { type: "string", doc: "folder where searches keep fine-tuned teachers", default: "runs" },
      rows: {
        type: "integer",
        doc: "validation rows of a data set, spread over its languages, at most",
        default: judgedRows,
      },
      threads: { type: "integer", doc: "threads for scoring (timing always has one)", default: 2 },
      seed: { type: "integer", doc: "seed of the row sample", default: 1 },
      latency: { type: "boolean", doc: "only the latency table", default: false },
      write: { type: "boolean", doc: "write the scores into the manifests and cards", default: false },
    },
  },
  async (flags, log) => {
    const students = findStudents(flags.models);
    if (!flags.latency) {
      const corpus = limitValidation(await loadCorpus(flags.data, { seed: flags.seed, tasks: "all" }), flags.rows);
      const folder = fineTunedFolder(flags.runs, flags.teacher);
      if (folder === null)
        log("no fine-tuned teacher in --runs: its column stays empty (npm run teacher:finetune makes one)");
      const teacher = folder === null ? null : await teacherScores(flags.teacher, folder, corpus, flags.threads, log);
      const scores = new Map<string, Awaited<ReturnType<typeof studentScores>>>();
      for (const student of students)
        scores.set(student.manifest.name, await studentScores(student, corpus, flags.threads, log));
      log(scoreTable(scores, teacher));
      if (flags.write) (await import("./write-scores.ts")).writeScores(students, scores, teacher, log);
    }
    log(await latencyTable(students, flags.teacher));
  },
);
