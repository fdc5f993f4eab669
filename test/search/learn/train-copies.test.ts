import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type Copy, dropCopies, trainCopies } from "../../../search/learn/train-copies.ts";
import type { Progress } from "../../../search/student/training-loop.ts";
import type { Weights } from "../../../search/student/weights.ts";

const folder = mkdtempSync(join(tmpdir(), "kdnas-copies-"));
afterAll(() => rmSync(folder, { recursive: true }));

const weights = (x: number): Weights => new Map([["w", { dims: [2], data: Float32Array.of(x, 2 * x) }]]);
const quiet = { seed: 5, threads: 4, onProgress: () => undefined };

test("trainCopies() gives the mean of trainings that differ in their seeds and share the threads", async () => {
  const seen: Pick<Copy, "seed" | "threads">[] = [];
  const train = ({ seed, threads }: Copy) => {
    seen.push({ seed, threads });
    return Promise.resolve(weights(seed));
  };
  const mean = await trainCopies({ ...quiet, copies: 3, folder: join(folder, "mean") }, train);
  expect(seen).toEqual([5, 6, 7].map((seed) => ({ seed, threads: 1 })));
  expect([...(mean.get("w")?.data ?? [])]).toEqual([6, 12]);
});

test("trainCopies() of one is that training", async () => {
  const alone = await trainCopies({ ...quiet, copies: 1, folder: join(folder, "one") }, async ({ threads }) =>
    weights(threads),
  );
  expect(alone).toEqual(weights(4));
});

test("trainCopies() does not train a copy again that was through when another failed", async () => {
  const place = { ...quiet, copies: 2, folder: join(folder, "resumed") };
  const failing = trainCopies(place, ({ seed }) =>
    seed === 5 ? Promise.resolve(weights(1)) : Promise.reject(new Error("killed")),
  );
  await expect(failing).rejects.toThrow("killed");
  const seeds: number[] = [];
  const mean = await trainCopies(place, ({ seed }) => {
    seeds.push(seed);
    return Promise.resolve(weights(3));
  });
  expect(seeds).toEqual([6]);
  expect(mean).toEqual(weights(2));
  expect(readdirSync(place.folder)).toHaveLength(2);
  dropCopies(place.folder, 2);
  expect(readdirSync(place.folder)).toEqual([]);
});

test("trainCopies() reports all copies as one training, as often as one of them has something to say", async () => {
  const reports: Progress[] = [];
  const progress = (tokens: number, loss: number): Progress => ({
    tokens,
    totalTokens: 100,
    tokensPerSecond: 10,
    secondsLeft: (100 - tokens) / 10,
    losses: { filter: loss },
  });
  const place = { ...quiet, copies: 2, folder: join(folder, "reports"), onProgress: (r: Progress) => reports.push(r) };
  // Each is a little further than the other was when that last had something to say.
  const said: Readonly<Record<number, readonly Progress[]>> = {
    5: [progress(20, 1), progress(40, 1), progress(100, 1)],
    6: [progress(30, 3), progress(50, 3), progress(70, 3), progress(80, 3), progress(90, 3)],
  };
  await trainCopies(place, async ({ seed, onProgress }) => {
    for (const each of said[seed] ?? []) {
      onProgress(each);
      await Promise.resolve();
    }
    return weights(1);
  });
  const together = { totalTokens: 200, tokensPerSecond: 20, losses: { filter: 2 } };
  expect(reports).toEqual([
    { ...together, tokens: 50, secondsLeft: 8 },
    { ...together, tokens: 90, secondsLeft: 6 },
    { ...together, tokens: 170, secondsLeft: 3, tokensPerSecond: 10 },
    { ...together, tokens: 190, secondsLeft: 1, tokensPerSecond: 10 },
  ]);
});
