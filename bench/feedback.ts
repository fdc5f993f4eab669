import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadCorpus } from "../search/corpus/load.ts";
import { toCorrections } from "../search/corrections/corrections.ts";
import {
  type Attempt,
  type LearningMaterials,
  type Lesson,
  shares,
  tryCorrections,
} from "../search/learn/try-corrections.ts";
import { studentEncoding } from "../search/prepare.ts";
import { table } from "../search/reward/report.ts";
import { encodeCorpus } from "../search/student/encode-corpus.ts";
import { must } from "../src/invariant.ts";
import { readTokenizer } from "../src/text/read-tokenizer.ts";
import { dataFlags, dataFolders, printSets } from "./data-folders.ts";
import { startTable, trainBase } from "./feedback/base-student.ts";
import { meanOutcomes, type Outcome, outcomeBefore, outcomesOf } from "./feedback/outcome.ts";
import { createShift, type Shift } from "./feedback/shift.ts";

export const flags = {
  ...dataFlags,
  tokenizer: { type: "string", default: "models/teacher/tokenizer.json" },
  encoder: { type: "string" },
  width: { type: "string", default: "64" },
  tasks: { type: "string", default: "filter,sentiment" },
  task: { type: "string", default: "sentiment" },
  language: { type: "string", default: "ko" },
  rows: { type: "string", default: "2000" },
  corrections: { type: "string", default: "500" },
  tokens: { type: "string", default: "6000000" },
  seeds: { type: "string", default: "1,2,3" },
  threads: { type: "string", default: "2" },
} as const;

/**
 * What corrections are worth on a real shift: a static student that has seen no labelled text of one language for one task
 * gets corrections drawn from it. What it gains there, and loses elsewhere, beside naive fine-tuning on the corrections alone.
 * Both learn as `npm run learn` does and are judged by its gates, on the int8 artefact and all validation sets; every share of the
 * way is shown, also after one that passed. Means over seeds, each with data, base and corrections of its own.
 */
export async function run(args: string[]): Promise<void> {
  const options = readOptions(args);
  const seeds: Outcome[][] = [];
  for (const seed of options.seeds) {
    console.log(`\nseed ${seed}`);
    const outcomes = await experiment({ ...options, seed });
    seeds.push(outcomes);
    print(outcomes);
  }
  console.log(`\nmean over ${seeds.length} seeds`);
  print(meanOutcomes(seeds));
}

function readOptions(args: string[]) {
  const { values } = parseArgs({ args, options: flags });
  const [rows, corrections, width] = [Number(values.rows), Number(values.corrections), Number(values.width)];
  const [tokens, threads] = [Number(values.tokens), Number(values.threads)];
  const [tasks, seeds] = [values.tasks.split(","), values.seeds.split(",").map(Number)];
  return { ...values, data: dataFolders(values.data), rows, corrections, width, tokens, threads, tasks, seeds };
}

type Experiment = ReturnType<typeof readOptions> & { readonly seed: number };

async function experiment(options: Experiment): Promise<Outcome[]> {
  const root = mkdtempSync(join(tmpdir(), "kdnas-bench-feedback-"));
  try {
    const { materials, records } = await shifted(options);
    const corrections = toCorrections(records, materials.tasks, materials.corpus.heldOut);
    const { train, heldOut } = corrections;
    console.log(`${train.length} corrections to learn from, ${heldOut.length} held out`);
    const config = { id: "bench", seed: options.seed, threads: options.threads, tokens: options.tokens };
    const start = startTable(options.encoder, [materials.tokenizer.vocabularySize, options.width]);
    const candidate = await timed("base", trainBase(config, materials, start, root));
    const attemptsOf = async (name: string, replay: LearningMaterials["tasks"]): Promise<Attempt[]> => {
      const lesson: Lesson = { corrections, folder: join(root, name) };
      const learner = { candidate, replay: () => Promise.resolve(replay) };
      const attempt = await tryCorrections(config, materials, learner, lesson, () => {});
      const attempts: Attempt[] = [];
      for (const share of shares) attempts.push(await attempt(share));
      return attempts;
    };
    const replayed = await timed("replay", attemptsOf("replay", materials.tasks));
    const naive = await timed("naive", attemptsOf("naive", []));
    const before = outcomeBefore(candidate.manifest, must(replayed[0]).judged.rightBefore, options);
    const of = (name: string, attempts: readonly Attempt[]) => outcomesOf(name, attempts, before, options);
    return [before, ...of("replay", replayed), ...of("naive", naive)];
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function shifted(options: Experiment): Promise<Pick<Shift, "records"> & { materials: LearningMaterials }> {
  const { rows, seed, tasks } = options;
  const limits = { labelledPerLanguage: rows, validationPerLanguage: Math.ceil(rows / 2), unlabelledPerLanguage: 0 };
  const whole = await loadCorpus(options.data, { seed, tasks, limits });
  printSets(whole.dataSets);
  const { corpus, records } = createShift(whole, options);
  const tokenizer = readTokenizer(options.tokenizer);
  return {
    records,
    materials: {
      ...{ corpus, tokenizer, tokenizerPath: options.tokenizer },
      teacher: { layerNormEpsilon: 1e-5, padId: tokenizer.padId },
      tasks: encodeCorpus(corpus, tokenizer, studentEncoding),
      beside: [],
    },
  };
}

async function timed<T>(name: string, work: Promise<T>): Promise<T> {
  const started = performance.now();
  const done = await work;
  console.log(`${name} in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return done;
}

/** In points. */
function print(outcomes: readonly Outcome[]): void {
  const head = ["", "held-out corrections", "there", "elsewhere", "change elsewhere", "gates"];
  const rows = outcomes.map(({ name, right, there, elsewhere, change, verdict }) => [
    name,
    ...[right, there, elsewhere, change].map((points) => points.toFixed(2)),
    verdict,
  ]);
  console.log(table(head, rows));
}
