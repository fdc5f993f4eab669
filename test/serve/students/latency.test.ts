import { expect, test } from "vitest";
import { estimateTokens } from "../../../serve/students/latency.ts";
import { predictLatencyMs } from "../../../src/contract/predict-latency.ts";

const latency = {
  cpu: "test",
  threads: 1,
  runtime: "test",
  lengths: [
    { tokens: 8, p50Ms: 1, p95Ms: 2 },
    { tokens: 32, p50Ms: 4, p95Ms: 8 },
  ],
};

test.each([
  [4, 1],
  [8, 1],
  [20, 2.5],
  [32, 4],
  [56, 7],
])("predictLatencyMs() of %i tokens is %d ms: linear between the lengths and beyond them", (tokens, expected) => {
  expect(predictLatencyMs(latency, tokens, "p50Ms")).toBeCloseTo(expected);
});

test("predictLatencyMs() with one length scales beyond it", () => {
  const one = { ...latency, lengths: latency.lengths.slice(1) };
  expect(predictLatencyMs(one, 64, "p95Ms")).toBeCloseTo(16);
  expect(predictLatencyMs(one, 2, "p95Ms")).toBeCloseTo(8);
});

test("estimateTokens() is the specials for nothing, grows with the text and stops at the limit", () => {
  expect(estimateTokens("", 128)).toBe(2);
  expect(estimateTokens("この電話は本当に良い", 128)).toBeGreaterThan(estimateTokens("a phone!", 128));
  expect(estimateTokens("word ".repeat(100_000), 128)).toBe(128);
});
