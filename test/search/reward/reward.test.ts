import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bestPerBudget,
  budgetObjective,
  hypervolume,
  paretoFront,
  reward,
  rewardsPerBudget,
} from "../../../search/reward/reward.ts";
import { createSpace, enumerate } from "../../../search/space/space.ts";
import { failedTrial, outcome } from "../synthetic-trials.ts";

const options = { teacherLatencyMs: 60, beta: 0.5 };
const failed = failedTrial(enumerate(createSpace(1000))[0] as never);

describe("reward()", () => {
  test("is the paper's formula", () => {
    expect(reward(0.25, 3, options)).toBeCloseTo(0.75 * (3 / 30) ** -0.06, 12);
  });

  test("falls with the loss, past 1 too, and stays positive", () => {
    const losses = [0, 0.3, 0.94, 0.95, 0.96, 1, 1.2, 3];
    const rewards = losses.map((loss) => reward(loss, 3, options));
    expect(rewards).toEqual([...rewards].sort((a, b) => b - a));
    expect(new Set(rewards).size).toBe(losses.length);
    expect(Math.min(...rewards)).toBeGreaterThan(0);
  });

  test("prefers the faster of two students with equal loss, useless ones included", () => {
    for (const loss of [0.2, 0.99, 1.5]) expect(reward(loss, 1, options)).toBeGreaterThan(reward(loss, 2, options));
  });
});

describe("budgetObjective()", () => {
  const objective = budgetObjective(1);

  test("is the paper's formula with the budget as the target within the budget", () => {
    expect(objective.reward(0.25, 0.5)).toBeCloseTo(0.75 * 0.5 ** -0.06, 12);
  });

  test("lets a student that misses the budget lose to a slightly worse one that meets it", () => {
    expect(objective.reward(0.3, 0.95)).toBeGreaterThan(objective.reward(0.2, 1.5));
    expect(reward(0.3, 0.95, options)).toBeLessThan(reward(0.2, 1.5, options));
  });

  test("has no jump at the budget", () => {
    expect(objective.reward(0.3, 1 + 1e-9)).toBeCloseTo(objective.reward(0.3, 1), 6);
  });

  test("rewardsPerBudget() has an entry a budget", () => {
    expect(rewardsPerBudget(0.3, 0.5, [0.1, 1])).toEqual({
      "0.1ms": budgetObjective(0.1).reward(0.3, 0.5),
      "1ms": objective.reward(0.3, 0.5),
    });
  });
});

test("bestPerBudget() takes the least loss within each budget, of equals the faster, and null where none fits", () => {
  const trials = [outcome(0.6, 0.05), outcome(0.4, 0.9), outcome(0.4, 0.8), outcome(0.2, 3), failed];
  const winners = bestPerBudget(trials, [0.01, 0.1, 1, 10]).map(({ trial }) => trial?.latencyMs ?? null);
  expect(winners).toEqual([null, 0.05, 0.8, 3]);
});

describe("paretoFront()", () => {
  test("keeps what nothing beats, fastest first", () => {
    const [a, b, c] = [outcome(0.6, 0.05), outcome(0.4, 0.8), outcome(0.2, 3)];
    expect(paretoFront([c, outcome(0.5, 0.9), a, failed, b, outcome(0.2, 4), outcome(0.4, 0.8)])).toEqual([a, b, c]);
    expect(paretoFront([failed])).toEqual([]);
  });

  test("holds no trial that another dominates, and dominates all that it leaves out", () => {
    const point = fc.record({ loss: fc.double({ min: 0, max: 2, noNaN: true }), ms: fc.integer({ min: 1, max: 50 }) });
    fc.assert(
      fc.property(fc.array(point, { maxLength: 30 }), (points) => {
        const trials = points.map(({ loss, ms }) => outcome(loss, ms));
        const front = paretoFront(trials);
        return trials.every((trial) => {
          const covered = front.some((f) => f.loss <= trial.loss && f.latencyMs <= trial.latencyMs);
          const beaten = trials.some(
            (t) =>
              t.loss <= trial.loss &&
              t.latencyMs <= trial.latencyMs &&
              (t.loss < trial.loss || t.latencyMs < trial.latencyMs),
          );
          return covered && !(front.includes(trial) && beaten);
        });
      }),
    );
  });
});

describe("hypervolume()", () => {
  const reference = { loss: 1, latencyMs: 10 };

  test("is the dominated area over log10 latency", () => {
    expect(hypervolume([outcome(0.4, 1)], reference)).toBeCloseTo(0.6);
    expect(hypervolume([outcome(0.4, 1), outcome(0.7, 0.1)], reference)).toBeCloseTo(0.6 + 0.3);
  });

  test("ignores failed trials and those beyond the reference", () => {
    expect(hypervolume([failed, outcome(1.2, 1), outcome(0.1, 11)], reference)).toBe(0);
  });

  test("never shrinks when a trial is added", () => {
    const some = [outcome(0.5, 1), outcome(0.3, 4)];
    for (const more of [outcome(0.9, 9), outcome(0.2, 0.5), outcome(0.4, 2)]) {
      expect(hypervolume([...some, more], reference)).toBeGreaterThanOrEqual(hypervolume(some, reference));
    }
  });
});
