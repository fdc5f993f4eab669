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

test("correctionsHash() is the same in whatever order corrections stand in their file", () => {
  const train = ["you fool", "you idiot"].map((text) => ({
    ...{ task: "filter", texts: [text] },
    target: Float32Array.of(0, 1),
  }));
  const hashOf = (own: typeof train) => correctionsHash("student", "data", { ...corrections, train: own });
  expect(hashOf([...train].reverse())).toBe(hashOf(train));
  expect(hashOf(train.slice(1))).not.toBe(hashOf(train));
});
