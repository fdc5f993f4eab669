import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ownFault } from "../../../search/student/own-fault.ts";
import { Trainer } from "../../../search/student/trainer.ts";
import {
  type NewTraining,
  startTraining,
  type TrainingThread,
  withTraining,
} from "../../../search/student/training-thread.ts";
import { BadFileError } from "../../../src/errors.ts";
import { deep, layerNormEpsilon, positions, textTask, tinyBatch, tinyTargets, tinyWeights } from "./tiny-objective.ts";

const objectives = new Map([["text", textTask]]);
const options = { positions, layerNormEpsilon, threads: 1 };

function newTraining(): NewTraining {
  return { architecture: deep, weights: tinyWeights(deep, [textTask]), objectives, options };
}

test("startTraining() learns in its thread what a Trainer learns in this one, to the last bit", async () => {
  const { weights } = newTraining();
  const here = new Trainer(deep, weights, objectives, options);
  await withTraining(newTraining(), async (there) => {
    for (let i = 0; i < 3; i++) {
      const lesson = ["text", tinyBatch, tinyTargets(textTask, i)] as const;
      expect(await there.step(...lesson, 0.01)).toEqual(await here.step(...lesson, 0.01));
      expect(await there.losses(...lesson)).toEqual(await here.losses(...lesson));
    }
    expect(await there.weights()).toEqual(here.weights());
  });
  await here.release();
});

test("startTraining() leaves the weights that it was given as they were", async () => {
  const training = newTraining();
  const before = structuredClone(training.weights);
  await withTraining(training, async (thread) => {
    await thread.step("text", tinyBatch, tinyTargets(textTask), 0.01);
  });
  expect(training.weights).toEqual(before);
});

test("step() takes its copy at once, so that a batch may be overwritten while it is learned", async () => {
  const losses = await withTraining(newTraining(), async (thread) => {
    const targets = tinyTargets(textTask);
    const first = thread.step("text", tinyBatch, targets, 0);
    for (const { data } of Object.values(targets)) (data as Float32Array).fill(Number.NaN);
    return [await first, await thread.step("text", tinyBatch, tinyTargets(textTask), 0)];
  });
  expect(losses[0]).toEqual(losses[1]);
});

test("load() says what is wrong with a file as a BadFileError, in this thread as well", async () => {
  await withTraining(newTraining(), async (thread) => {
    const path = join(tmpdir(), "none", "checkpoint.safetensors");
    expect(await thread.load(path)).toEqual({ steps: 0, tokens: 0 });
    await expect(thread.load(import.meta.filename)).rejects.toThrow(BadFileError);
  });
});

test("save() keeps the code of the system's error, by which a full disk is told", async () => {
  await withTraining(newTraining(), async (thread) => {
    const error = await thread.save("/proc/none/checkpoint", { steps: 0, tokens: 0 }).catch((cause) => cause);
    expect(error).toMatchObject({ code: "ENOENT" });
    expect(ownFault(error)).toBeNull();
  });
});

test("startTraining() throws in this thread what goes wrong in opening", async () => {
  const training = newTraining();
  const weights = new Map([...training.weights].filter(([name]) => name !== "position"));
  await expect(startTraining({ ...training, weights })).rejects.toThrow("position");
});

test("withTraining() ends the thread when what is done with it fails", async () => {
  const seen: TrainingThread[] = [];
  const failing = withTraining(newTraining(), async (thread) => {
    seen.push(thread);
    await Promise.reject(new Error("not today"));
  });
  await expect(failing).rejects.toThrow("not today");
  await expect(seen[0]?.weights()).rejects.toThrow("the thread of a training was lost");
});
