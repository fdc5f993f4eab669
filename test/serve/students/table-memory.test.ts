import { expect, test } from "vitest";
import { createTableMemory } from "../../../serve/students/table-memory.ts";

test("take() uses what was given back when it is large enough, and once only", () => {
  const memory = createTableMemory();
  const used = memory.take(100);
  expect(used.byteLength).toBe(100);
  memory.giveBack(used);
  expect(memory.take(101)).not.toBe(used);
  expect(memory.take(99)).toBe(used);
  expect(memory.take(99)).not.toBe(used);
});

test("giveBack() holds one, the largest", () => {
  const memory = createTableMemory();
  const [small, large] = [memory.take(10), memory.take(20)];
  for (const used of [small, large, small]) memory.giveBack(used);
  expect(memory.take(5)).toBe(large);
  expect(memory.take(5)).not.toBe(small);
});
