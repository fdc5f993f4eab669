import { createHash } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ManifestTask, TaskInput } from "../../src/contract/manifest.ts";
import { BadFileError } from "../../src/errors.ts";
import { readOwnJson } from "../../src/json-file.ts";
import { createRandom } from "../../src/random.ts";
import { replaceFile } from "../../src/replace-file.ts";
import { declarationOf } from "../../src/tasks/declared.ts";
import { fromFloat32, readFloatTensors, writeSafetensors } from "../graph/safetensors.ts";
import { dropCheckpoint } from "../student/checkpoint.ts";
import { type EncodedTask, headOf } from "../student/encoded-task.ts";
import { trainingStream } from "../student/task-stream.ts";
import type { Objective, StepPrecision } from "../student/training-graph.ts";
import { type Progress, trainToEnd } from "../student/training-loop.ts";
import type { NewTraining } from "../student/training-thread.ts";
import { headParameters, initialWeight, tableName, type Weights, weightOf } from "../student/weights.ts";
import { addWeights, weightsHash } from "../student/weights-hash.ts";
import type { Teacher } from "./teacher.ts";

export interface FineTuneOptions {
  /** Where results are kept, by content. */
  readonly cacheFolder: string;
  readonly tokens: number;
  /** Layers below this one stay as they are. @default 0 */
  readonly frozenLayers?: number;
  /** Peak. @default 1e-4 */
  readonly learningRate?: number;
  readonly threads: number;
  readonly precision?: StepPrecision;
  readonly seed: number;
  readonly dataSetShare: (dataSet: string) => number;
  readonly onProgress: (progress: Progress) => void;
}

/** A teacher with a head for every task: the ceiling that students are measured against. */
export interface FineTunedTeacher extends Teacher {
  readonly tasks: readonly Readonly<z.infer<typeof TunedTask>>[];
}

const TunedTask = ManifestTask.pick({ name: true, labels: true, declared: true }).extend({
  input: TaskInput.optional(),
});
const Tasks = z.array(TunedTask);

/** How the teacher sees training texts: long ones are cut, targets are smoothed a little. */
export const teacherEncoding = { maxTokens: 80, smoothing: 0.05 };

/** Rows and tokens of a batch: what fills two cores without wasting memory. */
const batchLimits = { rows: 48, tokens: 2048 };

/** Keeps a few passes over a small set from being learned by heart. */
const tokenDropout = 0.1;

/**
 * Fine-tunes the layers and a head a task on all tasks at once; the token table stays frozen. Cached: the same teacher,
 * data and settings are trained once. A killed run goes on from its last checkpoint.
 */
export async function fineTuneTeacher(
  teacher: Teacher,
  tasks: readonly EncodedTask[],
  options: FineTuneOptions,
): Promise<FineTunedTeacher> {
  const folder = join(options.cacheFolder, contentKey(teacher, tasks, options));
  const done = join(folder, "weights.safetensors");
  if (!existsSync(done)) await train(teacher, tasks, options, folder, done);
  return readFineTuned(teacher, folder);
}

async function train(
  teacher: Teacher,
  tasks: readonly EncodedTask[],
  options: FineTuneOptions,
  folder: string,
  done: string,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const checkpoint = join(folder, "checkpoint.safetensors");
  const stream = trainingStream(tasks, { ...options, limits: batchLimits, padId: teacher.padId, tokenDropout });
  const weights = await trainToEnd(trainingOf(teacher, tasks, options), stream, {
    totalTokens: options.tokens,
    schedule: { peak: learningRateOf(options) },
    checkpoint,
    onProgress: options.onProgress,
  });
  const names = tasks.map(({ task, labels }) => ({
    name: task.name,
    input: task.input,
    labels,
    ...declarationOf(task),
  }));
  replaceFile(join(folder, "tasks.json"), JSON.stringify(names));
  replaceFile(join(folder, baseFile), JSON.stringify({ table: tableHash(teacher) } satisfies Base));
  const learned = [...weights].filter(([name]) => name !== tableName);
  writeSafetensors(done, new Map(learned.map(([name, { dims, data }]) => [name, fromFloat32(dims, data)])));
  dropCheckpoint(checkpoint);
}

const baseFile = "base.json";
const Base = z.strictObject({ table: z.string() });
type Base = z.infer<typeof Base>;

/** Of a teacher's token table, which its fine-tuned ones share. */
export function tableHash({ weights }: Teacher): string {
  return weightsHash(new Map([[tableName, weightOf(weights, tableName)]]));
}

/** `tableHash` of the teacher that the one in a folder was fine-tuned from; null where it was made before that was kept. @throws {BadFileError} */
export function baseOf(folder: string): string | null {
  const path = join(folder, baseFile);
  if (!existsSync(path)) return null;
  return readOwnJson(path, Base, "does not say what teacher was fine-tuned").table;
}

/**
 * A fine-tuned teacher from its folder; the token table comes from the original.
 * @throws {BadFileError} when it was fine-tuned from another
 */
export function readFineTuned(teacher: Teacher, folder: string): FineTunedTeacher {
  const base = baseOf(folder);
  if (base !== null && base !== tableHash(teacher))
    throw new BadFileError(`${folder}: was fine-tuned from another teacher than the one given (--teacher)`);
  const learned = readFloatTensors(join(folder, "weights.safetensors"));
  const weights: Weights = new Map([[tableName, weightOf(teacher.weights, tableName)], ...learned]);
  return { ...teacher, folder, weights, tasks: tunedTasks(folder) };
}

/** What a fine-tuned teacher in a folder knows. @throws {BadFileError} */
export function tunedTasks(folder: string): FineTunedTeacher["tasks"] {
  return readOwnJson(join(folder, "tasks.json"), Tasks, "not a list of tasks with their labels");
}

function trainingOf(teacher: Teacher, tasks: readonly EncodedTask[], options: FineTuneOptions): NewTraining {
  const random = createRandom(options.seed);
  const weights: Weights = new Map(teacher.weights);
  const objectives = new Map<string, Objective>();
  for (const { task, labels } of tasks) {
    const head = headOf(task, labels);
    objectives.set(task.name, { kind: "task", head });
    for (const shape of headParameters(teacher.architecture, head))
      weights.set(shape.name, initialWeight(shape, random));
  }
  return {
    architecture: teacher.architecture,
    ...{ weights, objectives },
    options: {
      positions: teacher.positions,
      layerNormEpsilon: teacher.layerNormEpsilon,
      threads: options.threads,
      precision: options.precision,
      frozenLayers: frozenLayersOf(options),
      frozenTable: true,
    },
  };
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array | Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function frozenLayersOf({ frozenLayers = 0 }: FineTuneOptions): number {
  return frozenLayers;
}

function learningRateOf(options: FineTuneOptions): number {
  return options.learningRate ?? 1e-4;
}

/** Twelve hex digits over what the result depends on. */
function contentKey(teacher: Teacher, tasks: readonly EncodedTask[], options: FineTuneOptions): string {
  const hash = addWeights(createHash("sha256"), teacher.weights);
  for (const { task, labels, examples } of tasks) {
    hash.update(`${task.name} ${task.weight} ${labels.join()}`);
    for (const { ids, pairIds, surface, target, weight, dataSet } of examples) {
      hash.update(bytesOf(ids)).update(bytesOf(target));
      if (pairIds) hash.update(bytesOf(pairIds));
      if (surface) hash.update(bytesOf(surface));
      hash.update(`${weight} ${options.dataSetShare(dataSet)}`);
    }
  }
  const settings = [
    options.tokens,
    frozenLayersOf(options),
    learningRateOf(options),
    tokenDropout,
    options.seed,
    ...(options.precision === "int8" ? [options.precision] : []),
  ];
  return hash.update(JSON.stringify(settings)).digest("hex").slice(0, 12);
}
