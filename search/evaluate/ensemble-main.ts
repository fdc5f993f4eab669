import type { Manifest } from "../../src/contract/manifest.ts";
import { ConfigError } from "../../src/errors.ts";
import { runCommand } from "../command/command.ts";
import { dataFlag } from "../command/data-flag.ts";
import { listOf } from "../command/list-flag.ts";
import { studentFlags } from "../command/student-flags.ts";
import type { Corpus } from "../corpus/assemble.ts";
import { judgedRows, limitValidation } from "../corpus/limit-validation.ts";
import { loadCorpus } from "../corpus/load.ts";
import { fitEnsembles } from "./fit-ensembles.ts";
import { withoutRows } from "./listen.ts";
import { chosenAmong, findStudents } from "./subjects.ts";

/** `npm run ensemble`: which faster students should answer along with each student, within its latency budget. */
await runCommand(
  {
    name: "npm run ensemble",
    about:
      "Finds, for each student, the faster ones that answer along with it best while all together keep its latency budget,\n" +
      "on validation rows. With --write they go into its manifest; a server adds their logits from its next look at the folder on.",
    flags: {
      students: studentFlags.students,
      models: { type: "string", doc: "folder of the students", env: "KDNAS_MODELS", default: "models" },
      data: dataFlag,
      rows: { type: "integer", doc: "validation rows of a data set, at most", default: judgedRows },
      threads: { type: "integer", doc: "threads", default: 2 },
      write: { type: "boolean", doc: "write ensembles, with their scores, into manifests and cards", default: false },
    },
  },
  async (flags, log) => {
    const students = findStudents(flags.models);
    const wanted = chosenAmong(students, listOf(flags, "students"), flags.models);
    const corpus = limitValidation(await loadCorpus(flags.data, { seed: 1, tasks: "all" }), flags.rows);
    for (const { manifest } of flags.write ? wanted : []) refuseUnjudged(manifest, corpus);
    await fitEnsembles(wanted, students, corpus, { threads: flags.threads, write: flags.write }, log);
  },
);

/** An ensemble that is written takes the place of another, which may know more. @throws {ConfigError} */
function refuseUnjudged(manifest: Manifest, corpus: Corpus): void {
  const tasks = withoutRows(manifest, corpus);
  if (tasks.length > 0)
    throw new ConfigError(`${manifest.name} answers ${tasks.join(", ")}, which these data do not judge: --data`);
}
