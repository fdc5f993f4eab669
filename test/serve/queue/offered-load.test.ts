import { expect, test } from "vitest";
import { createOfferedLoad, freeCores } from "../../../serve/queue/offered-load.ts";

const work = (fast: number, slow: number) =>
  new Map([
    ["fast", fast],
    ["slow", slow],
  ]);

test("busyShare() is the share of the threads' time that a student would take for all that comes", () => {
  let now = 0;
  const offered = createOfferedLoad(
    () => 2,
    () => now,
  );
  // 200 requests a second, of 1 ms for one student and of 15 ms for the other, to two threads.
  for (; now < 5000; now += 5) offered.add(work(1, 15));
  for (const horizonMs of [25, 100, 800]) {
    expect(offered.busyShare("fast", horizonMs)).toBeCloseTo(0.1, 1);
    expect(offered.busyShare("slow", horizonMs)).toBeGreaterThan(1.4);
    expect(offered.busyShare("slow", horizonMs)).toBeLessThan(1.6);
  }
});

test("busyShare() forgets a burst as fast as the budget is short", () => {
  let now = 0;
  const offered = createOfferedLoad(
    () => 1,
    () => now,
  );
  offered.add(work(100, 400));
  expect([offered.busyShare("slow", 50), offered.busyShare("slow", 1000)]).toEqual([4, 0.4]);
  now = 500;
  expect(offered.busyShare("slow", 50)).toBeLessThan(0.03);
  expect(offered.busyShare("slow", 1000)).toBeCloseTo(0.4 * Math.exp(-0.5), 5);
  expect(offered.busyShare("slow", 1e9)).toBeCloseTo(0.04, 2);
});

test("add() forgets students that are gone, and nobody knows of one that never was", () => {
  const offered = createOfferedLoad(() => 1);
  offered.add(work(1, 1));
  offered.add(new Map([["fast", 1]]));
  expect([offered.busyShare("slow", 10), offered.busyShare("other", 10)]).toEqual([0, 0]);
});

test("freeCores() is at most the workers, and never nothing", () => {
  expect(freeCores(1)()).toBeLessThanOrEqual(1);
  expect(freeCores(1000)()).toBeGreaterThanOrEqual(0.5);
});
