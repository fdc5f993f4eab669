import { describe, expect, test } from "vitest";
import {
  fitLatencyModel,
  type LatencySample,
  leaveOneOutError,
  predictLatency,
  priorModel,
  toSamples,
} from "../../../search/reward/latency-model.ts";
import { timeLengths } from "../../../search/reward/measure.ts";
import { createSpace, enumerate, sampleArchitecture } from "../../../search/space/space.ts";
import { randomStudent } from "../../../search/student/random-student.ts";
import type { Architecture } from "../../../src/contract/architecture.ts";
import { createRandom } from "../../../src/random.ts";
import { mean } from "../../../src/stats.ts";
import { failedTrial, syntheticLatencyMs, syntheticTrial } from "../synthetic-trials.ts";

const space = createSpace(10_000);
const random = createRandom(11);
const some = Array.from({ length: 30 }, () => sampleArchitecture(space, random));
const small = {
  layers: 1,
  hidden: 128,
  heads: 4,
  ffn: 128,
  activation: "relu",
  tableWidth: 64,
  vocabulary: 10_000,
} as const;

function sample(architectures: readonly Architecture[], noise = 0): LatencySample[] {
  return architectures.flatMap((architecture) =>
    [8, 32, 128].map((tokens) => {
      const ms = syntheticLatencyMs(architecture, tokens) * Math.exp(noise * random.normal());
      return { architecture, tokens, ms };
    }),
  );
}

function errors(samples: readonly LatencySample[], unseen: readonly LatencySample[]): number {
  const model = fitLatencyModel(samples);
  return mean(unseen.map((s) => Math.abs(Math.log(predictLatency(model, s.architecture, s.tokens).ms / s.ms))));
}

describe("predictLatency()", () => {
  test("grows with depth, length and rows, before anything is measured", () => {
    const predict = (change: Partial<Architecture>, tokens = 32, rows = 1) =>
      predictLatency(priorModel, { ...small, ...change } as Architecture, tokens, rows).ms;
    expect(predict({ layers: 2 })).toBeGreaterThan(predict({}));
    expect(predict({}, 64)).toBeGreaterThan(predict({}));
    expect(predict({}, 32, 4)).toBeGreaterThan(2 * predict({}));
    expect(predict({}, 32, 4)).toBeLessThan(4 * predict({}));
  });

  test("is less certain about what is unlike the measured students", () => {
    const model = fitLatencyModel(sample(some.filter((a) => a.layers > 0 && a.layers <= 3).slice(0, 6), 0.05));
    const like = predictLatency(model, { ...small, layers: 2 }, 32).uncertainty;
    expect(like).toBeLessThan(0.3);
    expect(predictLatency(model, { ...small, layers: 6, hidden: 384, heads: 6 }, 512).uncertainty).toBeGreaterThan(
      like,
    );
    expect(predictLatency(priorModel, small, 32).uncertainty).toBeGreaterThan(2 * like);
  });
});

describe("fitLatencyModel()", () => {
  test("is the prior without samples", () => {
    expect(fitLatencyModel([])).toBe(priorModel);
  });

  test("learns the machine's speed from one student", () => {
    const slow = [8, 32].map((tokens) => ({
      architecture: small,
      tokens,
      ms: 5 * predictLatency(priorModel, small, tokens).ms,
    }));
    const [other] = some.filter((a) => a.layers === 3) as [Architecture];
    const before = predictLatency(priorModel, other, 64).ms;
    expect(predictLatency(fitLatencyModel(slow), other, 64).ms / before).toBeCloseTo(5, 1);
  });

  test("gets better with more students, down to a few percent", () => {
    const unseen = sample(some.slice(20));
    const two = errors(sample(some.slice(0, 2), 0.02), unseen);
    const twenty = errors(sample(some.slice(0, 20), 0.02), unseen);
    expect(twenty).toBeLessThan(two);
    expect(twenty).toBeLessThan(0.1);
  });

  test("keeps every coefficient non-negative, whatever the samples say", () => {
    const odd = sample(some.slice(0, 4), 1.5);
    expect(Math.min(...fitLatencyModel(odd).coefficients)).toBeGreaterThanOrEqual(0);
    for (const a of enumerate(space).filter((_, i) => i % 40 === 0)) {
      expect(predictLatency(fitLatencyModel(odd), a, 32).ms).toBeGreaterThan(0);
    }
  });

  test("survives a round trip through JSON", () => {
    const model = fitLatencyModel(sample(some.slice(0, 3)));
    expect(predictLatency(JSON.parse(JSON.stringify(model)), small, 32)).toEqual(predictLatency(model, small, 32));
  });
});

test("toSamples() takes every length of the trials that succeeded", () => {
  const [a, b] = some as [Architecture, Architecture];
  expect(toSamples([syntheticTrial(a), failedTrial(b)]).map((s) => s.tokens)).toEqual([8, 32, 128]);
});

test("leaveOneOutError() predicts each architecture from the others, and needs two", () => {
  expect(leaveOneOutError(sample(some.slice(0, 1)))).toBeNaN();
  expect(leaveOneOutError(sample(some.slice(0, 15), 0.02))).toBeLessThan(0.15);
});

test("fitLatencyModel() predicts real int8 students that it was not fitted to", { timeout: 60_000 }, async () => {
  const light = { ...small, vocabulary: 1000 };
  const shapes = [
    { ...light, layers: 0, hidden: 64, heads: 0, ffn: 0, activation: "gelu" },
    light,
    { ...light, layers: 3 },
    { ...light, layers: 2, hidden: 192, heads: 6, ffn: 384 },
    { ...light, layers: 4, hidden: 256, heads: 4, ffn: 512, activation: "gelu", tableWidth: 128 },
  ] as Architecture[];
  const samples: LatencySample[] = [];
  for (const architecture of shapes) {
    const timings = await timeLengths(randomStudent(architecture), [8, 32, 96], { threads: 1, budgetMs: 300 });
    samples.push(...timings.map(({ tokens, p50Ms }) => ({ architecture, tokens, ms: p50Ms })));
  }
  expect(leaveOneOutError(samples)).toBeLessThan(0.5);
});
