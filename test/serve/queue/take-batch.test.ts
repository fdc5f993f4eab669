import { expect, test } from "vitest";
import { PlacedQueue } from "../../../serve/queue/placed-queue.ts";
import { takeBatch } from "../../../serve/queue/take-batch.ts";

const limits = { tokens: 100, idle: 1, now: 1000, overheadMs: 1 };
const nobodyLeft = () => false;
interface Given {
  readonly place?: number;
  readonly tokens?: number;
  readonly costMs?: number;
  /** Time that is left, ms. */
  readonly left?: number;
}

function queueOf(...given: Given[]) {
  const queue = new PlacedQueue<{ place: number; tokens: number; costMs: number; deadline: number }>();
  given.forEach(({ place = 0, tokens = 10, costMs = 1, left = Number.POSITIVE_INFINITY }, i) => {
    queue.push({ place: place || i, tokens, costMs, deadline: limits.now + left });
  });
  return queue;
}
const places = (entries: readonly { place: number }[]) => entries.map(({ place }) => place);

test("takeBatch() takes the first entries up to the token budget, at least one", () => {
  expect(places(takeBatch(queueOf({ tokens: 60 }, { tokens: 40 }, { tokens: 1 }), limits, nobodyLeft).batch)).toEqual([
    0, 1,
  ]);
  expect(takeBatch(queueOf({ tokens: 500 }, {}), limits, nobodyLeft).batch).toHaveLength(1);
});

test("takeBatch() ends a batch before its first deadline, a message to the worker included", () => {
  const queue = queueOf({ costMs: 4, left: 10 }, { costMs: 4 }, { costMs: 4 });
  expect(takeBatch(queue, limits, nobodyLeft).batch).toHaveLength(2);
  const behind = queueOf({ costMs: 4 }, { costMs: 4, left: 8 }, { costMs: 2, left: 20 });
  expect(takeBatch(behind, limits, nobodyLeft).batch).toHaveLength(1);
});

test("takeBatch() does not start what would end late, and hands it back", () => {
  const queue = queueOf({ left: -5 }, { costMs: 4, left: 4.5 }, { costMs: 4, left: 5.5 });
  const { batch, late } = takeBatch(queue, limits, nobodyLeft);
  expect([places(batch), places(late)]).toEqual([[2], [0, 1]]);
  expect(queue.length).toBe(0);
});

test("takeBatch() drops entries whose client has left", () => {
  const { batch, abandoned } = takeBatch(queueOf({}, {}, {}), limits, ({ place }) => place === 1);
  expect([places(batch), places(abandoned)]).toEqual([[0, 2], [1]]);
});

test("takeBatch() leaves free workers their share, unless it is too little to wake one for", () => {
  const work = () => queueOf(...Array.from({ length: 8 }, () => ({ costMs: 1 })));
  expect(takeBatch(work(), { ...limits, idle: 2 }, nobodyLeft).batch).toHaveLength(4);
  const little = queueOf(...Array.from({ length: 8 }, () => ({ costMs: 0.05 })));
  expect(takeBatch(little, { ...limits, idle: 2 }, nobodyLeft).batch).toHaveLength(8);
});

test("PlacedQueue keeps places in order, first come first served among equals", () => {
  const queue = new PlacedQueue<{ place: number; name: string }>();
  for (const [place, name] of [
    [3, "a"],
    [1, "b"],
    [3, "c"],
    [2, "d"],
  ] as const)
    queue.push({ place, name });
  expect([...queue].map(({ name }) => name).join("")).toBe("bdac");
  expect(queue.remove(({ place }) => place === 3).map(({ name }) => name)).toEqual(["a", "c"]);
  expect([queue.shift().name, queue.shift().name, queue.length]).toEqual(["b", "d", 0]);
});

test("PlacedQueue frees what was taken, however long it goes on", () => {
  const queue = new PlacedQueue<{ place: number }>();
  for (let i = 0; i < 10_000; i++) {
    queue.push({ place: i });
    if (i >= 5) expect(queue.shift().place).toBe(i - 5);
  }
  expect(queue.length).toBe(5);
});
