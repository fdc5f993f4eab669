import { join } from "node:path";
import { readTokenizer } from "../../src/text/read-tokenizer.ts";
import { runCommand } from "../command/command.ts";
import { dataFlag } from "../command/data-flag.ts";
import { listOf } from "../command/list-flag.ts";
import { precisionFlag } from "../command/precision-flag.ts";
import { presetNames, presets } from "../config.ts";
import { fineTuningShareOf } from "../corpus/known-sets.ts";
import { loadCorpus } from "../corpus/load.ts";
import { printProgress } from "../progress.ts";
import { encodeCorpus } from "../student/encode-corpus.ts";
import { fineTuneTeacher, teacherEncoding } from "./fine-tune.ts";
import { readTeacher } from "./teacher.ts";

/** `npm run teacher:finetune`: gives the teacher a head for every task; its scores are what students are measured against. */
await runCommand(
  {
    name: "npm run teacher:finetune",
    about: "Fine-tunes the teacher on all tasks. Cached by content; a killed run resumes with the same command.",
    flags: {
      teacher: { type: "string", doc: "teacher folder", default: "models/teacher" },
      data: dataFlag,
      tasks: {
        type: "string",
        value: "name,name",
        doc:
          "fine-tune on these only (default: those that the data folders have labelled sets of). A teacher of one task knows it better:\n" +
          "      one of all sees a task in a fraction of its tokens",
      },
      preset: { type: "string", doc: "how much of the data is read", choices: presetNames, default: "full" },
      runs: { type: "string", doc: "folder for results", default: "runs" },
      tokens: { type: "integer", doc: "tokens to train on", default: 3_000_000 },
      "frozen-layers": {
        type: "integer",
        doc: "lower layers that stay as they are: a step takes less time",
        default: 0,
      },
      rate: { type: "number", doc: "peak learning rate", default: 1e-4 },
      threads: { type: "integer", doc: "threads", default: 2 },
      precision: precisionFlag,
      seed: { type: "integer", doc: "seed", default: 1 },
    },
  },
  async (flags, log) => {
    const teacher = readTeacher(flags.teacher);
    const tokenizer = readTokenizer(join(flags.teacher, "tokenizer.json"));
    const { limits } = presets[flags.preset as keyof typeof presets];
    const wanted = listOf(flags, "tasks");
    const corpus = await loadCorpus(flags.data, { seed: flags.seed, limits, ...(wanted && { tasks: wanted }) });
    const tasks = encodeCorpus(corpus, tokenizer, teacherEncoding);
    for (const { task, labels, examples } of tasks)
      log(`${task.name}: ${examples.length} examples, ${labels.length} labels`);
    const { folder } = await fineTuneTeacher(teacher, tasks, {
      cacheFolder: join(flags.runs, "teacher"),
      tokens: flags.tokens,
      frozenLayers: flags["frozen-layers"],
      learningRate: flags.rate,
      threads: flags.threads,
      precision: flags.precision,
      seed: flags.seed,
      dataSetShare: fineTuningShareOf,
      onProgress: printProgress("fine-tune teacher", log),
    });
    log(`left in ${folder}: npm run train -- --tuned-teacher takes it`);
  },
);
