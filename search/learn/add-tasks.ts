import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { answeredAlone } from "../../src/contract/ensemble.ts";
import { isAdded } from "../../src/contract/graph-files.ts";
import type { Manifest, ManifestTask, Score } from "../../src/contract/manifest.ts";
import { ConfigError } from "../../src/errors.ts";
import { asBeside } from "../../src/tasks/declared.ts";
import { readTokenizer } from "../../src/text/read-tokenizer.ts";
import type { Tokenizer } from "../../src/text/tokenizer.ts";
import type { Log } from "../command/command.ts";
import type { Ensemble } from "../complete/ensemble.ts";
import { type Candidate, type ExportConfig, judge, learnHeads, validate } from "../complete/export-candidate.ts";
import { taughtTasks } from "../complete/taught-tasks.ts";
import type { Corpus } from "../corpus/assemble.ts";
import { checkLearnable } from "../corpus/check-learnable.ts";
import { describeStudent, writeHeads } from "../export/export-student.ts";
import { headOfEntry, readWeights } from "../export/read-weights.ts";
import { studentEncoding } from "../prepare.ts";
import { encodeBeside } from "../student/encode-corpus.ts";
import { type EncodedTask, headsOf } from "../student/encoded-task.ts";
import { parametersOf } from "../student/weights.ts";
import { allSets } from "./all-sets.ts";

export interface AddingConfig extends Pick<ExportConfig, "threads" | "seed"> {
  /** Finished students whose mean answer is learned beside the labels, for those of the tasks that they have. @default none */
  readonly ensemble?: { readonly members: Ensemble; readonly cacheFolder: string };
}

/**
 * A finished student with more tasks: a head for each is learned on its encoder, which stays as it is, and so does every other answer.
 * A task that was added before is learned anew, and so is one over pairs, whose head is a graph of its own. @param folder for the
 * student, made anew. @throws {ConfigError} for a task over single texts that the student learned together with its encoder, and for one
 * without rows to learn from
 */
export async function addTasks(
  config: AddingConfig,
  data: Corpus,
  { manifest, files }: Candidate,
  folder: string,
  log: Log,
): Promise<Candidate> {
  for (const { name, input } of data.tasks) if (input === "text") refuseOfEncoder(manifest, name);
  checkLearnable(data, log);
  const { maxTokens, ngrams, architecture } = manifest;
  const tokenizer = readTokenizer(join(files.folder, "tokenizer.json"));
  const corpus = { ...data, tasks: data.tasks.map(asBeside) };
  const tokenizerPath = join(files.folder, "tokenizer.json");
  const beside = await taughtBeside(config, corpus, tokenizer, tokenizerPath, log);
  const materials = { corpus, tokenizer, tasks: [], beside };
  rmSync(folder, { recursive: true, force: true });
  cpSync(files.folder, folder, { recursive: true });
  const learned = await learnHeads(config, materials, { folder, architecture }, log);
  const others = manifest.tasks.filter(({ name }) => !corpus.tasks.some((task) => task.name === name));
  const old = readWeights(files.folder, manifest);
  const shapes = [...others.filter(isAdded).map(headOfEntry), ...headsOf(materials.beside)];
  const made = writeHeads({ folder, names: files.names }, architecture, new Map([...old, ...learned]), shapes);
  const results = await validate(config, materials, { folder, maxTokens, ngrams }, others);
  const judged = judge(materials, results, { maxTokens, others, known: manifest.scores }, log);
  const replaced = new Map([...old].filter(([name]) => learned.has(name)));
  const parameters = manifest.parameters - parametersOf(replaced) + parametersOf(learned);
  return {
    files: made,
    manifest: describeStudent(made, { ...describe(manifest, others, judged, corpus), parameters }),
  };
}

/**
 * The labels, and what the ensemble says beside them. Adequacy learned anew on finished encoders, correlation with MLQE-PE before, from labels
 * alone and with what three students say of the pairs: static .417, .401, .449; 2x384 .433, .423, .439.
 */
function taughtBeside(
  { ensemble, threads, seed }: AddingConfig,
  corpus: Corpus,
  tokenizer: Tokenizer,
  tokenizerPath: string,
  log: Log,
): Promise<readonly EncodedTask[]> {
  const { members = [], cacheFolder = "" } = ensemble ?? {};
  const tasks = encodeBeside(corpus, tokenizer, studentEncoding);
  const asking = { threads, seed, effort: { softTokens: 0 }, ensemble: members };
  return taughtTasks(asking, { corpus, tokenizer, tokenizerPath, tasks, tuned: [], cacheFolder }, log);
}

function refuseOfEncoder({ name: student, tasks }: Manifest, name: string): void {
  const own = tasks.find((task) => task.name === name);
  if (own !== undefined && !isAdded(own))
    throw new ConfigError(`${student} learned ${name} together with its encoder; npm run train trains it further`);
}

interface JudgedTasks {
  readonly tasks: readonly ManifestTask[];
  readonly scores: readonly Score[];
}

/** What the manifest says with the new tasks, which the student answers alone. */
function describe(manifest: Manifest, others: readonly ManifestTask[], judged: JudgedTasks, { dataSets }: Corpus) {
  const { format, version, files, bytes, created, ...rest } = manifest;
  const isOther = ({ task }: Score) => others.some(({ name }) => name === task);
  const described = {
    ...rest,
    // It is not timed again, and the date of this manifest will be another.
    latency: { ...rest.latency, measured: rest.latency.measured ?? created },
    tasks: [...others, ...judged.tasks],
    scores: [...manifest.scores.filter(isOther), ...judged.scores],
    dataSets: allSets(manifest.dataSets, dataSets),
  };
  return answeredAlone(
    described,
    judged.tasks.map(({ name }) => name),
  );
}
