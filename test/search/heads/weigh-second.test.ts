import { expect, test } from "vitest";
import type { SetLogits } from "../../../search/heads/score.ts";
import { weightOfSecond } from "../../../search/heads/weigh-second.ts";
import { createRandom } from "../../../src/random.ts";
import { taskNamed } from "../../../src/tasks/index.ts";

const task = { task: taskNamed("language"), labels: ["aa", "bb"] };
const truths = Array.from({ length: 300 }, (_, i) => i % 2);
const rows = truths.map((truth) => ({
  text: "",
  language: "all",
  label: task.labels[truth] as string,
  dataSet: "made",
  weight: 1,
}));
const set = { task: "language", dataSet: "made", language: "all", rows };

/** What somebody says who is sure of the truth by `signal`, and otherwise guesses. */
function opinion(signal: number, seed: number): Float32Array[] {
  const random = createRandom(seed);
  return truths.map((truth) => {
    const right = signal + random.normal();
    return Float32Array.of(truth === 0 ? right : -right, truth === 1 ? right : -right);
  });
}

function weightFor(first: readonly Float32Array[], second: readonly Float32Array[]): number {
  const sum = first.map((row, i) => row.map((x, k) => x + ((second[i] as Float32Array)[k] as number)));
  const resultOf = (logits: readonly Float32Array[]): SetLogits[] => [{ set, logits }];
  return weightOfSecond(task, resultOf(first), resultOf(sum));
}

test("weightOfSecond() lets the better opinion count more, and chance not at all", () => {
  expect(weightFor(opinion(1, 1), opinion(0, 2))).toBe(0);
  const [weaker, stronger] = [weightFor(opinion(1, 1), opinion(0.5, 2)), weightFor(opinion(0.5, 1), opinion(1, 2))];
  expect(weaker).toBeGreaterThan(0);
  expect(weaker).toBeLessThan(1);
  expect(stronger).toBeGreaterThan(1);
});

test("weightOfSecond() gives both the same say where nothing can be judged", () => {
  expect(weightOfSecond(task, [], [])).toBe(1);
});
