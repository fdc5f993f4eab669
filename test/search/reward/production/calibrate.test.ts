import { describe, expect, test } from "vitest";
import { calibrate, trialsInProduction } from "../../../../search/reward/production/calibrate.ts";
import { formatCalibration } from "../../../../search/reward/production/describe.ts";
import { expectedMs, expectInProduction } from "../../../../search/reward/production/expectation.ts";
import { winnersBeforeAndAfter } from "../../../../search/reward/production/winners-before-and-after.ts";
import { bestPerBudget } from "../../../../search/reward/reward.ts";
import { architectureName } from "../../../../src/contract/architecture.ts";
import { UpstreamError } from "../../../../src/errors.ts";
import { syntheticLatencyMs } from "../../synthetic-trials.ts";
import { budgetsMs, fast, lengths, offBy, options, slow, trafficOf, trials } from "./served-world.ts";

const calibrated = async (factors: Readonly<Record<string, number>>, change: Partial<typeof options> = {}) =>
  calibrate(await trafficOf([factors]), { ...options, ...change });

describe("calibrate()", () => {
  test("finds ratios near 1 where production is as fast as offline", async () => {
    const { students } = await calibrated({ fast: 1, slow: 1 });
    for (const { ratio } of students) expect(offBy(ratio, 1)).toBeLessThan(0.05);
  });

  test("takes each student's ratio for what is near it, so that overheads of fast ones do not spoil slow ones", async () => {
    const production = await calibrated({ fast: 4, slow: 1.5 });
    const ratios = Object.fromEntries(production.students.map(({ name, ratio }) => [name, ratio]));
    expect(offBy(ratios.fast, 4)).toBeLessThan(0.05);
    expect(offBy(ratios.slow, 1.5)).toBeLessThan(0.05);
    const offline = lengths.reduce((sum, t) => sum + syntheticLatencyMs(slow.architecture, t), 0) / lengths.length;
    const expected = expectInProduction(production, slow.architecture, slow.latency.lengths);
    expect(offBy(expected.ms / offline, 1.5)).toBeLessThan(0.08);
    expect(expectedMs(production, slow.architecture, slow.latency.lengths)).toBe(expected.ms);
    expect(expected.p95Ms).toBeGreaterThan(expected.ms);
  });

  test("is less certain of what it never timed, and with one student than with two", async () => {
    const [both, one] = [await calibrated({ fast: 1.2, slow: 1.2 }), await calibrated({ fast: 1.2 })];
    const uncertainty = (of: typeof one, timed = slow.latency.lengths) =>
      expectInProduction(of, slow.architecture, timed).uncertainty;
    expect(uncertainty(one)).toBeGreaterThan(uncertainty(both));
    expect(uncertainty(both, [])).toBeGreaterThan(uncertainty(both));
    expect(one.skipped).toEqual([{ name: "slow", reason: "only 0 texts" }]);
  });

  test("counts what was seen of late more than what was seen before", async () => {
    const parts = [...new Array(6).fill({ slow: 1 }), ...new Array(6).fill({ slow: 2 })];
    const { students } = calibrate(await trafficOf(parts), options);
    expect(students[0]?.ratio).toBeGreaterThan(1.7);
    expect(students[0]?.texts).toBe(12 * lengths.length);
  });

  test("does not use a student of another version, of two versions, or one that the models folder lacks", async () => {
    const newer = { ...slow, version: "abcabcabcabc" };
    const { students, skipped } = await calibrated({ fast: 1, slow: 1 }, { manifests: [fast, newer] });
    expect(students.map(({ name }) => name)).toEqual(["fast"]);
    expect(skipped[0]?.reason).toBe(`serves version ${slow.version}, the one in the models folder is abcabcabcabc`);

    const traffic = await trafficOf([{ fast: 1, slow: 1 }]);
    const swapped = { ...traffic, students: [...traffic.students, { student: "slow", version: "abcabcabcabc" }] };
    expect(calibrate(swapped, options).skipped[0]?.reason).toContain("served as versions");

    await expect(calibrated({ slow: 1 }, { manifests: [fast] })).rejects.toThrow(
      "the metrics tell nothing about our students (fast: only 0 texts; slow: no student of this name in the models folder)",
    );
  });

  test("does not use a student whose counts went on over a swap, and says what to ask instead", async () => {
    const traffic = await trafficOf([{ fast: 1, slow: 1 }]);
    const served = traffic.students.map((labels) => (labels.student === "slow" ? { ...labels, changes: "2" } : labels));
    const { students, skipped } = calibrate({ ...traffic, students: served }, options);
    expect(students.map(({ name }) => name)).toEqual(["fast"]);
    expect(skipped).toEqual([
      { name: "slow", reason: expect.stringMatching(/^its version changed .*\(2×\).* --window/) },
    ]);
  });

  test("refuses a ratio that can only be a mix-up", async () => {
    await expect(calibrated({ slow: 100 })).rejects.toThrow(UpstreamError);
    await expect(calibrated({ slow: 100 })).rejects.toThrow("slow: absurd latency");
  });

  test("works without trials: the manifests are enough", async () => {
    expect((await calibrated({ fast: 2, slow: 2 }, { trials: [] })).students).toHaveLength(2);
  });
});

test("trialsInProduction() moves the winners to faster students where production is slow", async () => {
  const expected = trialsInProduction(await calibrated({ fast: 3, slow: 3 }), trials);
  const [before, after] = [bestPerBudget(trials, budgetsMs), bestPerBudget(expected, budgetsMs)];
  const moved = before.filter(({ trial }, i) => trial !== null && trial.architecture !== after[i]?.trial?.architecture);
  expect(moved.length).toBeGreaterThan(0);
  for (const { budgetMs, trial } of after) if (trial !== null) expect(trial.latencyMs).toBeLessThanOrEqual(budgetMs);
  expect(expected[0]?.offlineMs).toBe(trials[0]?.latencyMs);
});

/** As of a search whose budgets were of production, where everything takes three times as long. */
const aimed = trials.map((trial) => ({ ...trial, latencyMs: 3 * trial.latencyMs }));

test("winnersBeforeAndAfter() takes what was timed offline for what was best before, whatever the trials were searched for", async () => {
  const production = await calibrated({ fast: 3, slow: 3 });
  const winnersOf = (some: typeof trials) =>
    winnersBeforeAndAfter(some, trialsInProduction(production, some), budgetsMs);
  const winners = winnersOf(trials);
  expect(winnersOf(aimed)).toEqual(winners);
  expect(winners.map(({ before }) => before)).toEqual(bestPerBudget(trials, budgetsMs).map(({ trial }) => trial));
});

test("formatCalibration() says the same of trials that were searched for production", async () => {
  const traffic = await trafficOf([{ fast: 3 }]);
  const calibration = calibrate(traffic, options);
  const text = formatCalibration(calibration, traffic, { trials: aimed, budgetsMs });
  expect(text).toBe(formatCalibration(calibration, traffic, { trials, budgetsMs }));
});

test("formatCalibration() shows traffic, students, errors, and how winners and front move", async () => {
  const traffic = await trafficOf([{ fast: 3 }]);
  const text = formatCalibration(calibrate(traffic, options), traffic, { trials, budgetsMs });
  expect(text).toMatch(/^Production: 3\d\.\d tokens a text, 1\.00 texts a pass, .* \(1 server, \d+ min; .* cores\), /m);
  expect(text).toMatch(
    new RegExp(`^fast +${architectureName(fast.architecture)} +200 .* [23]\\.\\d\\d +\\d\\.\\d %$`, "m"),
  );
  expect(text).toContain("not used: slow (only 0 texts)");
  expect(text).toContain("Nothing could be held out to judge the prediction on.");
  expect(text).toMatch(/^2\.4 .*loss .* ms, p95 .* ms, ±.*\) +(same|changed)$/m);
  expect(text).toMatch(/^The front: \d+ architectures before, \d+ after/m);
});
