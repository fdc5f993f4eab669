import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { isAdded } from "../../src/contract/graph-files.ts";
import type { Manifest } from "../../src/contract/manifest.ts";
import { asBeside } from "../../src/tasks/declared.ts";
import type { Task } from "../../src/tasks/task.ts";
import { readTokenizer } from "../../src/text/read-tokenizer.ts";
import type { Flags, Log } from "../command/command.ts";
import type { Candidate } from "../complete/export-candidate.ts";
import { presets } from "../config.ts";
import type { Corpus } from "../corpus/assemble.ts";
import { checkLearnable } from "../corpus/check-learnable.ts";
import { loadCorpus } from "../corpus/load.ts";
import { studentEncoding } from "../prepare.ts";
import { encodeBeside, encodeCorpus } from "../student/encode-corpus.ts";
import { readTeacherConfig } from "../teacher/config.ts";
import { withLabelsOf, withSharedLabels } from "./own-labels.ts";
import type { LearningMaterials } from "./try-corrections.ts";

/**
 * What a finished student is trained on and judged by, of `--data`, `--preset` and `--teacher`.
 * @throws {ConfigError} when the data give a task labels that it cannot learn (`withLabelsOf`).
 */
export async function studentMaterials(
  flags: Flags,
  { manifest, files }: Candidate,
  log: Log,
): Promise<LearningMaterials> {
  const loaded = await loadCorpus(flags.data, {
    seed: manifest.seed,
    limits: limitsOf(flags),
    tasks: manifest.tasks.map(({ name }) => name),
  });
  const own = withLabelsOf(manifest, loaded, log);
  checkLearnable(own, log);
  const corpus = { ...own, tasks: own.tasks.map((task) => asLearned(task, manifest)) };
  const tokenizerPath = join(files.folder, "tokenizer.json");
  const tokenizer = readTokenizer(tokenizerPath);
  const config = readTeacherConfig(join(flags.teacher, "config.json"));
  return {
    ...{ corpus, tokenizer, tokenizerPath },
    teacher: { layerNormEpsilon: config.layer_norm_eps, padId: tokenizer.padId },
    tasks: encodeCorpus(corpus, tokenizer, studentEncoding),
    beside: encodeBeside(corpus, tokenizer, studentEncoding),
  };
}

/**
 * Judges the tasks of all of some students: what was read for the last of them, where its labels are those of all; null where nothing was.
 * Ensembles go by the labels that students have.
 */
export async function judgingAll(
  flags: Flags,
  read: Corpus | null,
  students: readonly Pick<Candidate, "manifest">[],
): Promise<Corpus> {
  const manifests = students.map(({ manifest }) => manifest);
  const tasks = manifests.flatMap((manifest) => manifest.tasks);
  if (read !== null && tasks.every(({ name, labels }) => isDeepStrictEqual(read.labels.get(name), labels))) return read;
  const names = [...new Set(tasks.map(({ name }) => name))];
  const corpus = await loadCorpus(flags.data, { seed: 1, limits: limitsOf(flags), tasks: names });
  return withSharedLabels(manifests, corpus);
}

function limitsOf({ preset }: Flags) {
  return presets[preset as keyof typeof presets].limits;
}

/** A task over single texts that was added to a finished student is learned so again, whatever the data declare. */
function asLearned(task: Task, { tasks }: Manifest): Task {
  return tasks.some((own) => own.name === task.name && isAdded(own)) ? asBeside(task) : task;
}
