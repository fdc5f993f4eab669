import { expect, test } from "vitest";
import type { Corrections } from "../../../search/corrections/corrections.ts";
import { correctionsHash } from "../../../search/corrections/decision.ts";

const corrections: Corrections = {
  train: [{ task: "filter", texts: ["you fool"], target: Float32Array.of(0, 1) }],
  heldOut: [],
  leftOut: {},
};

test("correctionsHash() is another for another student, other data and other corrections", () => {
  const hashes = [
    correctionsHash("student", "data", corrections),
    correctionsHash("another", "data", corrections),
    correctionsHash("student", "more data", corrections),
    correctionsHash("student", "data", { ...corrections, train: [] }),
  ];
  expect(new Set(hashes).size).toBe(4);
  expect(correctionsHash("student", "data", { ...corrections })).toBe(hashes[0]);
});
