import { expect, test } from "vitest";
import { createTableMemory } from "../../serve/table-memory.ts";

test("take() uses what was given back, the smallest that is large enough", () => {
  const memory = createTableMemory();
  const [small, large] = [memory.take(100), memory.take(1000)];
  for (const used of [large, small]) memory.giveBack(used);
  expect(memory.take(50)).toBe(small);
  expect(memory.take(50)).toBe(large);
  expect(memory.take(50).byteLength).toBe(50);
});

test("giveBack() holds no more than two, the largest", () => {
  const memory = createTableMemory();
  const all = [30, 10, 20].map((bytes) => memory.take(bytes));
  for (const used of all) memory.giveBack(used);
  expect([10, 10].map((bytes) => memory.take(bytes).byteLength)).toEqual([20, 30]);
  expect(all).not.toContain(memory.take(10));
});
