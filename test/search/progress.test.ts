import { expect, test } from "vitest";
import { duration, printProgress, progressLine } from "../../search/progress.ts";

const progress = {
  tokens: 41_000,
  totalTokens: 100_000,
  tokensPerSecond: 2914.4,
  secondsLeft: 80,
  losses: { text: 0.4123, pair: 1 },
};

test("progressLine() says stage, share, speed, time left and losses", () => {
  expect(progressLine("distil 3x256", progress)).toBe(
    "distil 3x256 · 41 % · 2,914 tokens/s · 1m 20s left · text 0.412, pair 1.000",
  );
});

test("progressLine() does not pass 100 %", () => {
  expect(progressLine("x", { ...progress, tokens: 100_500, secondsLeft: 0 })).toContain("100 %");
});

test.each([
  [0, "0s"],
  [9.4, "9s"],
  [59.6, "1m 00s"],
  [130, "2m 10s"],
  [3599.7, "1h 00m"],
  [3900, "1h 05m"],
  [360_000, "100h 00m"],
])("duration() of %s seconds is %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test("printProgress() logs a line a report", () => {
  const lines: string[] = [];
  printProgress("x", (line) => lines.push(line))(progress);
  expect(lines).toEqual([progressLine("x", progress)]);
});
