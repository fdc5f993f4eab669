import { expect, test } from "vitest";
import { createSpeeds } from "../../../serve/queue/speeds.ts";

const lengths = [{ tokens: 32, p50Ms: 1, p95Ms: 1.5 }];
const latency = { cpu: "", threads: 1, runtime: "", lengths };
const student = (id = "a@1#0") => ({ id, manifest: { name: "a", latency } });
/** A clock that stands still unless it is turned. */
function clockwork() {
  let now = 0;
  return {
    speeds: createSpeeds(() => now),
    turn: (ms: number) => {
      now += ms;
    },
  };
}

test("workMs() begins with the manifest's latency and follows what batches take", () => {
  const { speeds } = clockwork();
  expect(speeds.workMs(student(), 3)).toBe(3);
  expect(speeds.ratio(student())).toBeNaN();
  for (let i = 0; i < 200; i++) speeds.batchDone(student(), { priorMs: 2, workedMs: 5, tookMs: 5.3 });
  expect(speeds.ratio(student())).toBeCloseTo(2.5, 1);
  expect(speeds.workMs(student(), 2)).toBeCloseTo(5, 1);
  expect(speeds.overheadMs()).toBeCloseTo(0.3, 1);
});

test("overheadMs() is the machine's, whoever's batches taught it, and fades", () => {
  const { speeds, turn } = clockwork();
  for (let i = 0; i < 300; i++) speeds.batchDone(student(), { priorMs: 1, workedMs: 1, tookMs: 6 });
  expect(speeds.overheadMs()).toBeCloseTo(5, 1);
  turn(300_000);
  expect(speeds.overheadMs()).toBeCloseTo(0.2, 2);
});

test("p95Ms() settles where one request in twenty takes longer", () => {
  const { speeds } = clockwork();
  const took = (i: number) => (i % 20 === 7 ? 30 : 5 + (i % 10));
  for (let i = 0; i < 20_000; i++) speeds.requestDone(student(), 10, took(i));
  const exceeded = Array.from({ length: 1000 }, (_, i) => took(i)).filter((ms) => ms > speeds.p95Ms(student(), 10));
  expect(exceeded.length).toBeLessThanOrEqual(110);
  expect(speeds.p95Ms(student(), 10)).toBeGreaterThan(12);
});

test("what long requests teach says nothing about short ones", () => {
  const { speeds } = clockwork();
  for (let i = 0; i < 500; i++) speeds.requestDone(student(), 20, 100);
  expect(speeds.p95Ms(student(), 20)).toBe(80);
  expect(speeds.p95Ms(student(), 0.5)).toBe(0.75);
});

test("a student that was slow gets another chance: what was learnt fades without news", () => {
  const { speeds, turn } = clockwork();
  for (let i = 0; i < 500; i++) speeds.requestDone(student(), 20, 100);
  turn(300_000);
  expect(speeds.p95Ms(student(), 20)).toBeCloseTo(30, 0);
});

test("a student that was slow gets another chance: the ratio that prices its work fades, the one of the metric does not", () => {
  const { speeds, turn } = clockwork();
  for (let i = 0; i < 300; i++) speeds.batchDone(student(), { priorMs: 1, workedMs: 9, tookMs: 9 });
  // Nobody asks a student that seems too slow, and so nothing else than time brings it back.
  for (let minute = 0; minute < 20; minute++) {
    turn(60_000);
    speeds.workMs(student(), 1);
  }
  expect(speeds.workMs(student(), 1)).toBeCloseTo(1, 1);
  expect(speeds.ratio(student())).toBeCloseTo(9, 1);
});

test("workMs() of a machine that is slower than the manifest's outlasts a pause, and is soon learnt again", () => {
  const { speeds, turn } = clockwork();
  for (let i = 0; i < 300; i++) speeds.batchDone(student(), { priorMs: 1, workedMs: 3, tookMs: 3 });
  turn(15_000);
  expect(speeds.workMs(student(), 1)).toBeGreaterThan(2.5);
  turn(1_200_000);
  for (let i = 0; i < 10; i++) speeds.batchDone(student(), { priorMs: 1, workedMs: 3, tookMs: 3 });
  expect(speeds.workMs(student(), 1)).toBeGreaterThan(2.5);
});

test("another version starts anew", () => {
  const { speeds } = clockwork();
  for (let i = 0; i < 100; i++) speeds.batchDone(student(), { priorMs: 1, workedMs: 9, tookMs: 9 });
  expect(speeds.workMs(student("a@2#1"), 1)).toBe(1);
});
