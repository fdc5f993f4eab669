import { describe, expect, test } from "vitest";
import { ratioAt } from "../../../../search/reward/production/ratio-model.ts";

const point = (architecture: string, predictedMs: number, ratio: number, noise = 0.02) => ({
  architecture,
  predictedMs,
  ratio,
  noise,
});

describe("ratioAt()", () => {
  test("is 1 and uncertain before anything is seen", () => {
    const { ratio, uncertainty } = ratioAt([], { architecture: "a", predictedMs: 1 });
    expect(ratio).toBe(1);
    expect(uncertainty).toBeGreaterThan(0.5);
  });

  test("gives a student with many texts its own ratio, and pulls one with few to the others'", () => {
    const others = [point("b", 1.1, 2), point("c", 0.9, 2)];
    const own = (noise: number) => ratioAt([...others, point("a", 1, 3, noise)], { architecture: "a", predictedMs: 1 });
    expect(own(0.01).ratio).toBeCloseTo(3, 1);
    expect(own(0.5).ratio).toBeLessThan(2.2);
    expect(own(0.5).uncertainty).toBeGreaterThan(own(0.01).uncertainty);
  });

  test("holds near a student's speed, and less far from it", () => {
    const at = (predictedMs: number) => ratioAt([point("a", 1, 3)], { architecture: "b", predictedMs });
    expect(at(1.2).ratio).toBeGreaterThan(2.5);
    expect(at(100).ratio).toBeLessThan(2);
    expect(at(100).uncertainty).toBeGreaterThan(at(1.2).uncertainty);
  });
});
