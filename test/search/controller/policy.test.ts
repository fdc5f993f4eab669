import { memory } from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { createController } from "../../../search/controller/controller.ts";
import { epsilonAt } from "../../../search/controller/policy.ts";
import { startBackend, trainPredictor } from "../../../search/controller/policy-network.ts";
import { bestPerBudget, budgetObjective } from "../../../search/reward/reward.ts";
import { createSpace } from "../../../search/space/space.ts";
import type { Objective, Trial } from "../../../search/space/trial.ts";
import { createRandom } from "../../../src/random.ts";
import { mean, pearson } from "../../../src/stats.ts";
import { syntheticTrial } from "../synthetic-trials.ts";

test("epsilonAt() fades from 1 to 0.05 and stays there", () => {
  expect(epsilonAt(0, 15)).toBe(1);
  expect(epsilonAt(14, 15)).toBeCloseTo(0.05);
  expect(epsilonAt(40, 15)).toBeCloseTo(0.05);
  expect(epsilonAt(7, 15)).toBeLessThan(epsilonAt(6, 15));
  expect(epsilonAt(0, 1)).toBeCloseTo(0.05);
});

function examples(count: number, seed: number) {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => {
    const steps = Array.from({ length: 3 }, () => Array.from({ length: 4 }, () => random.next()));
    const [a = 0, b = 0] = steps[2] ?? [];
    // reads the candidate and the first step, so that the recurrence has to carry something
    return { steps, targets: [5 + a * b + (steps[0]?.[0] ?? 0), 100 * a - 3] };
  });
}

test("trainPredictor() predicts sequences it has not seen, in the units of the targets", async () => {
  const predictor = await trainPredictor(examples(48, 1), 3);
  const unseen = examples(40, 2);
  const rows = predictor.predict(unseen.map((example) => example.steps));
  predictor.dispose();
  for (const column of [0, 1]) {
    const truth = unseen.map((example) => example.targets[column] as number);
    const predicted = rows.map((row) => row[column] as number);
    expect(pearson(truth, predicted)).toBeGreaterThan(0.9);
    expect(Math.abs(mean(truth) - mean(predicted)) / Math.abs(mean(truth))).toBeLessThan(0.1);
  }
});

test("trainPredictor() gives equal numbers for equal seeds and leaves no tensor behind", async () => {
  await startBackend();
  const before = memory().numTensors;
  const data = examples(12, 4);
  const runs = [3, 3, 4].map(async (seed) => {
    const predictor = await trainPredictor(data, seed);
    const rows = predictor.predict(data.map((example) => example.steps));
    predictor.dispose();
    return rows;
  });
  const [a, b, other] = await Promise.all(runs);
  expect(a).toEqual(b);
  expect(a).not.toEqual(other);
  expect(memory().numTensors).toBe(before);
});

test("the policy ends nearer to the best of each budget than random search at equal cost", {
  timeout: 120_000,
}, async () => {
  const seeds = [1, 2, 3];
  const policy = await Promise.all(seeds.map((seed) => lossOverBudgets("policy", seed)));
  const random = await Promise.all(seeds.map((seed) => lossOverBudgets("random", seed)));
  expect(mean(policy)).toBeLessThan(mean(random));
});

/** Mean over four budgets of the least loss that 28 trials find within them. */
async function lossOverBudgets(kind: "policy" | "random", seed: number): Promise<number> {
  const budgetsMs = [0.1, 0.6, 1.2, 2.4];
  const [first, ...rest] = budgetsMs.map((budgetMs) => budgetObjective(budgetMs)) as [Objective, ...Objective[]];
  const controller = createController(kind, {
    space: createSpace(100_000),
    seed,
    episodes: 7,
    objectives: [first, ...rest],
  });
  const trials: Trial[] = [];
  for (let episode = 0; episode < 7; episode++) {
    const told = (await controller.propose(4)).map((architecture) => syntheticTrial(architecture, episode));
    trials.push(...told);
    await controller.tell(told);
  }
  return mean(bestPerBudget(trials, budgetsMs).map(({ trial }) => trial?.loss ?? 1));
}
