import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { dropCheckpoint, loadCheckpoint, saveCheckpoint } from "../../../search/student/checkpoint.ts";
import { Trainer } from "../../../search/student/trainer.ts";
import type { Objective } from "../../../search/student/training-graph.ts";
import {
  DivergedError,
  type Progress,
  runTraining,
  type TrainingBatch,
} from "../../../search/student/training-loop.ts";
import { type NewTraining, startTraining, type TrainingThread } from "../../../search/student/training-thread.ts";
import { saveWeights } from "../../../search/student/weights-file.ts";
import type { Architecture } from "../../../src/contract/architecture.ts";
import { BadFileError } from "../../../src/errors.ts";
import { ownDraft } from "../../../src/own-draft.ts";
import {
  deep,
  floats,
  layerNormEpsilon,
  pairTask,
  positions,
  staticStudent,
  textTask,
  tinyBatch,
  tinyTargets,
  tinyWeights,
} from "./tiny-objective.ts";

const folder = mkdtempSync(join(tmpdir(), "kdnas-loop-"));
afterAll(() => rmSync(folder, { recursive: true }));

const objectives: Record<string, Objective> = { text: textTask, pair: pairTask };
const tokensOfBatch = 14;

function newTraining(a: Architecture): NewTraining {
  const weights = tinyWeights(a, Object.values(objectives));
  const options = { positions, layerNormEpsilon, threads: 1 };
  return { architecture: a, weights, objectives: new Map(Object.entries(objectives)), options };
}

function trainingOf(a: Architecture): Promise<TrainingThread> {
  return startTraining(newTraining(a));
}

/** Objectives take turns, so that a stream that starts over gives other steps. */
function* stream(): Generator<TrainingBatch> {
  for (let i = 0; ; i++) {
    const [objective, kind] = i % 3 === 1 ? (["pair", pairTask] as const) : (["text", textTask] as const);
    yield { objective, batch: tinyBatch, targets: tinyTargets(kind) };
  }
}

const loop = { schedule: { peak: 0.01 }, onProgress: () => undefined };

test.each([
  ["a deep student", deep],
  ["a static student", staticStudent],
])("runTraining() that resumes %s ends with the very weights of an unbroken run", async (name, a) => {
  const checkpoint = join(folder, `${name}.safetensors`);
  const unbroken = await trainingOf(a);
  const totalTokens = 6 * tokensOfBatch;
  expect(await runTraining(unbroken, stream(), { ...loop, totalTokens })).toEqual({ steps: 6, tokens: totalTokens });
  const killed = await trainingOf(a);
  await expect(
    runTraining(killed, breaking(stream(), 3), { ...loop, totalTokens, checkpoint, checkpointSeconds: 0 }),
  ).rejects.toThrow("killed");
  const resumed = await trainingOf(a);
  await runTraining(resumed, stream(), { ...loop, totalTokens, checkpoint });
  expect(await resumed.weights()).toEqual(await unbroken.weights());
  for (const training of [unbroken, killed, resumed]) await training.release();
});

function* breaking(batches: Generator<TrainingBatch>, after: number): Generator<TrainingBatch> {
  for (let i = 0; i < after; i++) yield batches.next().value;
  throw new Error("killed");
}

test.skipIf(!existsSync("/dev/full"))("runTraining() goes on when the disk is too full for a checkpoint", async () => {
  const checkpoint = join(folder, "full.safetensors");
  // The kernel answers "no space left" to whatever is written there.
  symlinkSync("/dev/full", ownDraft(checkpoint));
  const training = await trainingOf(deep);
  const options = { ...loop, totalTokens: 3 * tokensOfBatch, checkpoint, checkpointSeconds: 1000 };
  expect(await runTraining(training, stream(), options)).toEqual({ steps: 3, tokens: 3 * tokensOfBatch });
  expect(existsSync(checkpoint)).toBe(false);
  await runTraining(training, stream(), options);
  expect(existsSync(checkpoint)).toBe(true);
  await training.release();
});

test("runTraining() does nothing more once its checkpoint has spent the tokens", async () => {
  const checkpoint = join(folder, "done.safetensors");
  const first = await trainingOf(staticStudent);
  const options = { ...loop, totalTokens: 2 * tokensOfBatch, checkpoint };
  await runTraining(first, stream(), options);
  const again = await trainingOf(staticStudent);
  expect(await runTraining(again, stream(), options)).toEqual({ steps: 2, tokens: 2 * tokensOfBatch });
  expect(await again.weights()).toEqual(await first.weights());
  for (const training of [first, again]) await training.release();
});

test("runTraining() reports progress with mean losses by objective", async () => {
  const reports: Progress[] = [];
  const training = await trainingOf(staticStudent);
  const totalTokens = 4 * tokensOfBatch;
  await runTraining(training, stream(), {
    ...loop,
    totalTokens,
    reportSeconds: 0,
    onProgress: (progress) => reports.push(progress),
  });
  expect(reports.map(({ tokens }) => tokens)).toEqual([14, 28, 42, 56]);
  expect(reports.map(({ losses }) => Object.keys(losses)[0])).toEqual(["text", "pair", "text", "text"]);
  expect(reports.at(-1)?.secondsLeft).toBe(0);
  expect(reports.every(({ tokensPerSecond }) => tokensPerSecond > 0)).toBe(true);
  await training.release();
});

test("runTraining() reports at least once, at its end", async () => {
  const reports: Progress[] = [];
  const training = await trainingOf(staticStudent);
  const options = { ...loop, totalTokens: 3 * tokensOfBatch, reportSeconds: 1000 };
  await runTraining(training, stream(), { ...options, onProgress: (progress) => reports.push(progress) });
  expect(reports).toHaveLength(1);
  expect(Object.keys(reports[0]?.losses ?? {}).sort()).toEqual(["pair", "text"]);
  await training.release();
});

test("runTraining() passes over single steps that fail and gives up on a row of them", async () => {
  const training = await trainingOf(staticStudent);
  const broken = { ...tinyTargets(textTask), weight: floats([4, 1], Array(4).fill(Number.NaN)) };
  function* sometimes(every: number): Generator<TrainingBatch> {
    for (let i = 0; ; i++)
      yield { objective: "text", batch: tinyBatch, targets: i % every === 0 ? broken : tinyTargets(textTask) };
  }
  const options = { ...loop, totalTokens: 50 * tokensOfBatch };
  await expect(runTraining(training, sometimes(2), options)).resolves.toEqual({ steps: 50, tokens: 700 });
  await expect(runTraining(training, sometimes(1), options)).rejects.toThrow(DivergedError);
  await training.release();
});

test("loadCheckpoint() starts at nothing where there is no file, and dropCheckpoint() removes one", () => {
  const path = join(folder, "none.safetensors");
  const trainer = trainerOf(staticStudent);
  expect(loadCheckpoint(path, trainer)).toEqual({ steps: 0, tokens: 0 });
  saveCheckpoint(path, trainer, { steps: 3, tokens: 4_000_000_000 });
  expect(loadCheckpoint(path, trainer)).toEqual({ steps: 3, tokens: 4_000_000_000 });
  dropCheckpoint(path);
  expect(existsSync(path)).toBe(false);
  dropCheckpoint(path);
});

test("loadCheckpoint() refuses the checkpoint of another model, and a file that is none, and says which to delete", () => {
  const path = join(folder, "other.safetensors");
  saveCheckpoint(path, trainerOf(deep), { steps: 1, tokens: 1 });
  const load = () => loadCheckpoint(path, trainerOf(staticStudent));
  expect(load).toThrow(BadFileError);
  expect(load).toThrow(`${path}: a checkpoint of`);
  expect(load).toThrow("delete this file, and the training begins anew");
  expect(load).toThrow(expect.objectContaining({ cause: expect.any(BadFileError) }));
  saveWeights(path, tinyWeights(staticStudent, []));
  expect(() => loadCheckpoint(path, trainerOf(staticStudent))).toThrow("is no checkpoint");
});

function trainerOf(a: Architecture): Trainer {
  const { architecture, weights, objectives, options } = newTraining(a);
  return new Trainer(architecture, weights, objectives, options);
}
