import { expect, test } from "vitest";
import { forEachBudget } from "../../../search/complete/each-budget.ts";
import { createSpace, sampleArchitecture } from "../../../search/space/space.ts";
import type { OkTrial } from "../../../search/space/trial.ts";
import { DivergedError } from "../../../search/student/training-loop.ts";
import { TrainingFailedError } from "../../../src/errors.ts";
import { must } from "../../../src/invariant.ts";
import { createRandom } from "../../../src/random.ts";
import { syntheticTrial } from "../synthetic-trials.ts";

const winners = [0.1, 1, 3].map((budgetMs, i) => ({
  budgetMs,
  trial: syntheticTrial(sampleArchitecture(createSpace(1000), createRandom(i))),
}));

type Winner = (typeof winners)[number];

/** Runs over three budgets, of which the second fails with an error; says which were begun, and what was told. */
async function run(error: Error) {
  const [begun, lines]: [number[], string[]] = [[], []];
  const outcome = await forEachBudget(
    winners,
    (line) => lines.push(line),
    async (budgetMs) => {
      begun.push(budgetMs);
      if (budgetMs === 1) await Promise.reject(error);
    },
  ).catch((reason: unknown) => reason);
  return { begun, lines, outcome };
}

test("forEachBudget() goes on after a training that failed by its own fault, and gives back what says so", async () => {
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  for (const error of [new DivergedError("the loss is NaN"), new RangeError("Array buffer allocation failed"), full]) {
    const { begun, lines, outcome } = await run(error);
    expect(begun).toEqual([0.1, 1, 3]);
    expect(lines).toEqual([expect.stringContaining(error.message)]);
    expect(outcome).toBeInstanceOf(TrainingFailedError);
    expect((outcome as Error).message).toBe("no student for 1 ms; the same command tries again");
  }
});

test("forEachBudget() stops at an error that would meet every budget", async () => {
  const bug = new TypeError("x is not a function");
  expect(await run(bug)).toMatchObject({ begun: [0.1, 1], outcome: bug });
});

test("forEachBudget() says which budget no trial meets", async () => {
  const lines: string[] = [];
  await forEachBudget(
    [{ budgetMs: 0.01, trial: null }],
    (line) => lines.push(line),
    () => Promise.reject(new Error()),
  );
  expect(lines).toEqual([expect.stringContaining("0.01 ms · no trial meets this budget")]);
});

test("forEachBudget() makes one student of an architecture that wins two budgets", async () => {
  const [first, , third] = winners;
  const begun: number[] = [];
  const lines: string[] = [];
  await forEachBudget(
    [must(first), { ...must(first), budgetMs: 0.3 }, must(third)],
    (line) => lines.push(line),
    async (budgetMs) => void begun.push(budgetMs),
  );
  expect(begun).toEqual([0.1, 3]);
  expect(lines).toEqual([expect.stringContaining("0.3 ms · no trial is better than the student of 0.1 ms")]);
});

test("forEachBudget() says what is still to be trained, an architecture of several budgets once", async () => {
  const [first, second, third] = winners as [Winner, Winner, Winner];
  const left: OkTrial[][] = [];
  const outcome = await forEachBudget(
    [first, { ...first, budgetMs: 0.3 }, second, { ...first, budgetMs: 2 }, third, { ...third, budgetMs: 4 }],
    () => {},
    (_budgetMs, _trial, rest) => {
      left.push([...rest]);
      return Promise.resolve();
    },
  );
  const [a, b, c] = [first, second, third].map(({ trial }) => trial);
  expect(left).toEqual([[a, b, c], [b, c], [c]]);
  expect(outcome).toBe(null);
});
