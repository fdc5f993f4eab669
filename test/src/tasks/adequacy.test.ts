import { expect, test } from "vitest";
import { adequacy } from "../../../src/tasks/adequacy.ts";

const labels = ["inadequate", "adequate"];

function target(label: string, dataSet: string, language = "en-de"): number {
  return adequacy.toTarget({ language, label }, labels, dataSet)?.[1] ?? Number.NaN;
}

test("toTarget() maps a z-score of 0 onto the pair's mean direct assessment", () => {
  expect(target("0", "mlqe_pe_da", "en-de")).toBeCloseTo(0.86, 5);
  expect(target("0", "mlqe_pe_da", "ne-en")).toBeCloseTo(0.386, 5);
});

test("toTarget() keeps the order of z-scores and stays within 0 and 1", () => {
  const targets = ["-7.5", "-1", "0.2", "1.1", "4"].map((z) => target(z, "mlqe_pe_da"));
  expect(targets).toEqual([...targets].sort());
  expect(Math.min(...targets)).toBeGreaterThan(0);
  expect(Math.max(...targets)).toBeLessThan(1);
});

test("toTarget() reads other sets as 0 to 100 and refuses what lies outside", () => {
  expect(target("100", "tatoeba")).toBe(1);
  expect(target("25", "tatoeba")).toBe(0.25);
  expect(target("-0.5", "tatoeba")).toBeNaN();
  expect(target("101", "tatoeba")).toBeNaN();
});

test("toTarget() trusts critical-error labels less than true translations", () => {
  expect(target("0", "mlqe_ced21")).toBeCloseTo(0.1, 5);
  expect(target("100", "mlqe_ced21")).toBeCloseTo(0.9, 5);
});

test("toResult() gives adequacy as the score whichever label it gives", () => {
  const task = {
    name: "adequacy",
    input: "pair" as const,
    labels,
    file: "pair_adequacy.onnx",
    temperature: 1,
    languages: [],
  };
  const result = adequacy.toResult([2, 0], task);
  expect(result.label).toBe("inadequate");
  expect(result.score).toBeCloseTo(1 / (1 + Math.exp(2)), 6);
  expect(adequacy.toResult([2, 0], { ...task, threshold: 0.1 }).label).toBe("adequate");
});
