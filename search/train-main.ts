import { join } from "node:path";
import { Manifest } from "../src/contract/manifest.ts";
import { ConfigError, TrainingFailedError } from "../src/errors.ts";
import { type Flags, type Log, runCommand } from "./command/command.ts";
import { listOf } from "./command/list-flag.ts";
import { precisionFlag } from "./command/precision-flag.ts";
import { studentFlags } from "./command/student-flags.ts";
import { readEnsemble } from "./complete/ensemble.ts";
import type { Candidate } from "./complete/export-candidate.ts";
import { promoteIfBetter } from "./complete/promote.ts";
import { renewEnsembles } from "./complete/renew-ensembles.ts";
import { rivalScores } from "./complete/rival-scores.ts";
import { presets } from "./config.ts";
import type { Corpus } from "./corpus/assemble.ts";
import { dataStamp } from "./corpus/data-stamp.ts";
import { furtherRate } from "./heads/train-heads.ts";
import type { Reshaping } from "./learn/reshape.ts";
import { judgingAll } from "./learn/student-materials.ts";
import { takeUpStudents } from "./learn/take-up-students.ts";
import { trainAll } from "./learn/train-all.ts";
import { dropTrained, keepTrained, keptTrained } from "./learn/trained-record.ts";
import { lockRun } from "./run-lock.ts";
import { type FineTunedTeacher, readFineTuned } from "./teacher/fine-tune.ts";
import { readTeacher } from "./teacher/teacher.ts";

/** `npm run train`: served students are trained further, on more data or for longer, without a search. */
await runCommand(
  {
    name: "npm run train",
    about:
      "Trains students further from the weights that they are served with, on your data or for longer, without a search and without\n" +
      "the run that made them. Of the weights before and after, the mean replaces the student where it scores better on validation\n" +
      "data. Resumes with the same command.",
    flags: {
      ...studentFlags,
      precision: precisionFlag,
      tokens: {
        type: "integer",
        doc: "tokens to train each on; 0 leaves all but n-grams as it is",
        default: 7_000_000,
      },
      copies: {
        type: "integer",
        doc:
          "trainings from the same weights under other seeds, side by side, of which the mean is taken; they share --threads, and\n" +
          "      each of them trains on --tokens",
        default: 1,
      },
      ngrams: {
        type: "integer",
        doc: "character n-grams to train static students on, from nothing, for the tasks that read them; 0 leaves those as they are",
        default: 0,
      },
      share: {
        type: "number",
        doc: "how far to go from the weights as they are (0) to those at the end of training (1) (default: 0.5, with --prune or --grow 1)",
      },
      rate: {
        type: "number",
        doc:
          `peak learning rate, as a share of that of a new student (default: ${furtherRate}, with --prune or --grow 1): long rounds bear\n` +
          "      more than short ones",
      },
      prune: {
        type: "string",
        value: "architecture",
        doc:
          "trains a smaller student made of the one of --students: with fewer layers or narrower feed-forward layers, all else the\n" +
          "      same, as in 3x384-ffn1024-h12-gelu-e256",
      },
      grow: {
        type: "string",
        value: "architecture",
        doc:
          "trains a deeper student made of the one of --students: with more layers, which add nothing yet, all else the same, as in\n" +
          "      5x384-ffn1536-h12-gelu-e256",
      },
      as: {
        type: "string",
        value: "name",
        doc:
          "with --prune or --grow: what the new one is called and may replace, as in budget-1ms (default of --grow: what the one is\n" +
          "      called that it is made of)",
      },
      "tuned-teacher": {
        type: "string",
        value: "folder,folder",
        doc:
          "teachers that npm run teacher:finetune left in runs/teacher/: what they say of texts is learned beside the labels, where\n" +
          "      the student's manifest says that they are better, and less where about as good (npm run evaluate -- --write)",
      },
      ensemble: {
        type: "string",
        value: "folder,folder",
        doc: "students, such as models/budget-3ms, whose mean answer about texts, labelled or not, and pairs is learned beside the labels",
      },
      id: { type: "string", value: "name", doc: "name of the run", default: "served" },
      seed: { type: "integer", doc: "seed of everything random", default: 1 },
    },
  },
  train,
);

async function train(flags: Flags, log: Log): Promise<void> {
  const { tokens, copies, ngrams: ngramTokens, seed, threads, precision, id, models, rate } = flags;
  const reshaping = reshapingOf(flags);
  const share = flags.share ?? (reshaping === null ? 0.5 : 1);
  if (!(share > 0 && share <= 1)) throw new ConfigError(`--share is above 0 and at most 1, not ${share}`);
  if (rate !== undefined && !(rate > 0 && rate <= 2))
    throw new ConfigError(`--rate is above 0 and at most 2, not ${rate}`);
  if (!(copies >= 1 && copies <= 8)) throw new ConfigError(`--copies is from 1 to 8, not ${copies}`);
  if (tokens < 0 || ngramTokens < 0) throw new ConfigError("--tokens and --ngrams are at least 0");
  if (tokens + ngramTokens === 0) throw new ConfigError("--tokens and --ngrams are both 0: there is nothing to train");
  const run = join(flags.runs, id);
  const unlock = lockRun(run);
  const tuned = tunedTeachers(flags);
  const ensemble = readEnsemble(listOf(flags, "ensemble") ?? []);
  const cacheFolder = join(flags.runs, "cache");
  const { softTokens } = presets[flags.preset as keyof typeof presets];
  if (tuned.length > 0 && softTokens === 0)
    throw new ConfigError("--tuned-teacher goes with --preset full: the others ask no teacher");
  const round = { tokens, copies, ngramTokens, share, seed, threads, precision, id, softTokens };
  const config = { ...round, ...(rate !== undefined && { rate }) };
  const settings = JSON.stringify({ ...flags, stamp: await dataStamp(flags.data) });
  const kept = keptTrained(run, settings, log);
  const students = takeUpStudents(models, listOf(flags, "students"), run);
  const { trained, failed, judging } =
    kept === null
      ? await trainAll(students, flags, { config, reshaping, tuned, ensemble, cacheFolder }, log)
      : { ...kept, judging: null };
  if (kept === null && trained.length > 0) keepTrained(run, settings, { trained, failed });
  await promoteTrained(flags, trained, judging, log);
  dropTrained(run);
  unlock();
  if (failed.length > 0)
    throw new TrainingFailedError(`not trained: ${failed.join(", ")}; --students ${failed.join()} tries again`);
}

/** Puts those into `--models` that are better, and finds their ensembles. @param judging as of `trainAll` */
async function promoteTrained(
  flags: Flags,
  trained: readonly Candidate[],
  judging: Corpus | null,
  log: Log,
): Promise<void> {
  const { models, promote, threads } = flags;
  if (promote === "never" || trained.length === 0) {
    for (const one of trained) promoteIfBetter({ models, promote }, one, log);
    return;
  }
  const corpus = await judgingAll(flags, judging, trained);
  for (const one of trained) {
    const rival = await rivalScores({ models, promote, threads }, one, corpus, log);
    promoteIfBetter({ models, promote, rival }, one, log);
  }
  await renewEnsembles({ models, promote, threads }, trained, corpus, log);
}

/** @throws {ConfigError} when it is said by halves, or of several students. */
function reshapingOf({ prune, grow, as, students, tokens }: Flags): Reshaping | null {
  const to = prune ?? grow;
  if (prune !== undefined && grow !== undefined) throw new ConfigError("--prune and --grow do not go together");
  if (prune !== undefined && as === undefined)
    throw new ConfigError("--prune goes with --as: what the smaller one is called");
  if (to === undefined && as === undefined) return null;
  if (to === undefined) throw new ConfigError("--as goes with --prune or --grow");
  const by = prune === undefined ? "grow" : "prune";
  if (students === undefined || students.includes(","))
    throw new ConfigError(`--${by} is of one student: name it, --students`);
  const name = as ?? students;
  if (!Manifest.shape.name.safeParse(name).success)
    throw new ConfigError(`--as ${name}: a name has small letters, digits, ".", "_", "-"`);
  if (tokens === 0) throw new ConfigError(`--${by} needs --tokens: what was changed has to be learned`);
  return { by, to, name };
}

function tunedTeachers(flags: Flags): FineTunedTeacher[] {
  const folders = listOf(flags, "tuned-teacher") ?? [];
  if (folders.length === 0) return [];
  const original = readTeacher(flags.teacher);
  return folders.map((folder) => readFineTuned(original, folder));
}
