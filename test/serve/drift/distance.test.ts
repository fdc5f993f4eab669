import { expect, test } from "vitest";
import { jensenShannonDistance } from "../../../serve/drift/distance.ts";
import { createRandom } from "../../../src/random.ts";

const many = 1e9;

test("jensenShannonDistance() is the square root of the divergence in bits", () => {
  // Computed apart from this code, in Python, for (0.5, 0.5) and (0.9, 0.1).
  const distance = jensenShannonDistance({ a: 0.5 * many, b: 0.5 * many }, { a: 0.9 * many, b: 0.1 * many });
  expect(distance).toBeCloseTo(0.38313587985994224, 6);
});

test("jensenShannonDistance() is 0 for equal shares, whatever the sizes, and 1 for what shares nothing", () => {
  expect(jensenShannonDistance({ a: 30, b: 70 }, { a: 300, b: 700 })).toBe(0);
  expect(jensenShannonDistance({ a: many }, { b: many })).toBeCloseTo(1, 6);
});

test("jensenShannonDistance() does not take chance for drift, even with a hundred categories and few samples", () => {
  const random = createRandom(1);
  const sample = (size: number) => {
    const counts: Record<string, number> = {};
    for (let i = 0; i < size; i++) {
      const name = String(Math.floor(random.next() * 100));
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  };
  for (let round = 0; round < 20; round++) expect(jensenShannonDistance(sample(500), sample(2000))).toBeLessThan(0.15);
});
