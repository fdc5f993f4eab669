import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { ConfigError } from "../../src/errors.ts";
import { runCommand } from "../command/command.ts";
import { dataFlag } from "../command/data-flag.ts";
import { judgedRows, limitValidation } from "../corpus/limit-validation.ts";
import { loadCorpus } from "../corpus/load.ts";
import { latencyTable } from "./latency-table.ts";
import type { Measured } from "./measured.ts";
import { findStudents, fineTunedFolders, measureStudent, measureTeachers } from "./subjects.ts";
import { tableText } from "./table.ts";
import { allTables } from "./tables.ts";
import { writeJson } from "./write-json.ts";
import { writeScores } from "./write-scores.ts";

const teacherName = "teacher";

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
      latency: { type: "boolean", doc: "only the latency table", default: false },
      json: { type: "string", doc: "file that all that was measured, and the tables, are written to", value: "file" },
      write: {
        type: "boolean",
        doc: "write the scores into manifests and cards, of all students in --models; not with --latency",
        default: false,
      },
    },
  },
  async (flags, log) => {
    const students = findStudents(flags.models);
    if (flags.json !== undefined && !existsSync(dirname(flags.json)))
      throw new ConfigError(`--json ${flags.json}: there is no folder ${dirname(flags.json)}`);
    if (!flags.latency) {
      const corpus = limitValidation(await loadCorpus(flags.data, { seed: 1, tasks: "all" }), flags.rows);
      const folders = fineTunedFolders(flags.runs, flags.teacher);
      if (folders.size === 0)
        log("no fine-tuned teacher in --runs: its column stays empty (npm run teacher:finetune makes one)");
      const subjects = new Map<string, Measured>();
      for (const student of students)
        subjects.set(student.manifest.name, await measureStudent(student, students, corpus, flags.threads, log));
      const teacher =
        folders.size === 0 ? null : await measureTeachers(flags.teacher, folders, corpus, flags.threads, log);
      if (teacher !== null) subjects.set(teacherName, teacher);
      const tables = allTables(subjects, teacher === null ? null : teacherName);
      for (const table of tables) log(`${tableText(table)}\n`);
      if (flags.json !== undefined) writeJson(flags.json, subjects, tables);
      if (flags.write) writeScores(students, subjects, teacher, log);
    }
    log(await latencyTable(students, flags.teacher));
  },
);
