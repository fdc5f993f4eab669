import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Manifest, readManifest } from "../src/contract/manifest.ts";
import { ConfigError } from "../src/errors.ts";
import { readTokenizer } from "../src/text/read-tokenizer.ts";
import { type Flags, type Log, runCommand } from "./command.ts";
import type { Candidate } from "./complete.ts";
import { presetNames, presets } from "./config.ts";
import type { Corpus } from "./corpus/assemble.ts";
import { loadCorpus } from "./corpus/load.ts";
import { dataFlag } from "./data-flag.ts";
import { checkFeedback, type LearningMaterials, learnCorrections } from "./learn-corrections.ts";
import { modelsFlag } from "./models-flag.ts";
import { trainingMaxTokens } from "./prepare.ts";
import { promoteIfBetter } from "./promote.ts";
import { lockRun } from "./run-lock.ts";
import { encodeCorpus } from "./student/encode-corpus.ts";
import { readTeacherConfig } from "./teacher/config.ts";

/** `npm run learn`: the students of a finished search learn from corrections, without a new search. */
await runCommand(
  {
    name: "npm run learn",
    about:
      "Fine-tunes the students of a finished search on corrections that users sent, with replay of the data they were trained on, and\n" +
      "puts them into models/ where that helps and costs no validation set more than half a point. Resumes with the same command.",
    flags: {
      id: { type: "string", value: "name", doc: "name of the run, as in full-seed1", required: true },
      feedback: {
        type: "string",
        value: "folder|file",
        doc: "corrections that a server kept or exported",
        env: "KDNAS_FEEDBACK",
        required: true,
      },
      data: dataFlag,
      preset: { type: "string", doc: "how much of the data that search read", choices: presetNames, default: "full" },
      students: {
        type: "string",
        value: "name,name",
        doc: "only these, as in budget-1ms (default: all of the run)",
      },
      teacher: { type: "string", value: "folder", doc: "teacher folder of that search", default: "models/teacher" },
      models: modelsFlag,
      runs: { type: "string", value: "folder", doc: "folder of the searches", default: "runs" },
      threads: { type: "integer", doc: "threads for training", default: 2 },
      promote: {
        type: "string",
        doc: "whether a student that passed replaces the one in models/",
        choices: ["better", "never"],
        default: "better",
      },
    },
  },
  learn,
);

async function learn(flags: Flags, log: Log): Promise<void> {
  checkFeedback(flags.feedback);
  const run = join(flags.runs, flags.id);
  const wanted: readonly string[] | undefined = flags.students?.split(",");
  const candidates = readCandidates(run).filter(({ manifest }) => wanted?.includes(manifest.name) ?? true);
  if (candidates.length === 0)
    throw new ConfigError(`${run}: no finished student${wanted ? ` is called ${flags.students}` : " is here"}`);
  const unlock = lockRun(run);
  for (const candidate of candidates) {
    const { manifest } = candidate;
    const materials = await readMaterials(flags, candidate);
    const config = { ...{ threads: flags.threads, feedback: flags.feedback }, seed: manifest.seed, id: flags.id };
    const learner = { candidate, replay: () => Promise.resolve(materials.tasks) };
    const learned = await learnCorrections(config, materials, learner, log);
    if (learned.base !== undefined) promoteIfBetter({ models: flags.models, promote: flags.promote }, learned, log);
  }
  unlock();
}

function readCandidates(run: string): Candidate[] {
  const folders = existsSync(run) ? readdirSync(run).map((name) => join(run, name)) : [];
  return folders
    .filter((folder) => existsSync(join(folder, "heads.safetensors")))
    .map((folder) => join(folder, "student"))
    .filter((folder) => existsSync(join(folder, "manifest.json")))
    .map((folder) => {
      const manifest = readManifest(join(folder, "manifest.json"));
      return { manifest, files: { folder, names: Object.keys(manifest.files) } };
    });
}

async function readMaterials(flags: Flags, { manifest, files }: Candidate): Promise<LearningMaterials> {
  const corpus = await loadCorpus(flags.data, {
    seed: manifest.seed,
    limits: presets[flags.preset as keyof typeof presets].limits,
    tasks: manifest.tasks.map(({ name }) => name),
  });
  checkLabels(manifest, corpus);
  const tokenizerPath = join(files.folder, "tokenizer.json");
  const tokenizer = readTokenizer(tokenizerPath);
  const config = readTeacherConfig(join(flags.teacher, "config.json"));
  return {
    ...{ corpus, tokenizer, tokenizerPath },
    teacher: { layerNormEpsilon: config.layer_norm_eps, padId: tokenizer.padId },
    tasks: encodeCorpus(corpus, tokenizer, { maxTokens: trainingMaxTokens, smoothing: 0.05 }),
  };
}

/** A head has an output a label, in their order. */
function checkLabels({ name, tasks }: Manifest, corpus: Corpus): void {
  for (const task of tasks) {
    if (JSON.stringify(corpus.labels.get(task.name)) !== JSON.stringify(task.labels))
      throw new ConfigError(
        `${name}: these data give ${task.name} other labels than it has; --data and --preset must be those of its search`,
      );
  }
}
