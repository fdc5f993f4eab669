import { describe, expect, test } from "vitest";
import { gainsOf } from "../../../../search/reward/production/counter-increase.ts";
import type { Series } from "../../../../search/reward/production/prometheus-api.ts";
import { UpstreamError } from "../../../../src/errors.ts";

/** A series of a process, one value a second from second 0 on; null where it is missing. */
function series(instance: string, name: string, values: readonly (number | null)[]): Series {
  const points = values.flatMap((value, second): [number, number][] => (value === null ? [] : [[second, value]]));
  return { name, labels: { instance, job: "kdnas", student: "small" }, points };
}

const start = (instance: string, values: readonly (number | null)[]) => {
  const { labels, ...rest } = series(instance, "process_start_time_seconds", values);
  return { ...rest, labels: { instance: labels.instance as string, job: "kdnas" } };
};

const total = (counters: readonly Series[], starts: readonly Series[] = []) =>
  gainsOf(counters, starts, [0, 10]).parts[0]?.map(({ name, value }) => [name, value]);

describe("gainsOf()", () => {
  test("counts from the first value on, and adds processes up under our own labels", () => {
    const { parts, processes, restarts } = gainsOf(
      [series("a", "texts", [100, 110, 130]), series("b", "texts", [7, 7, 9])],
      [],
      [0, 1, 10],
    );
    expect(parts.map(([sample]) => sample?.value)).toEqual([10, 22]);
    expect(parts[0]?.[0]?.labels).toEqual({ student: "small" });
    expect([processes, restarts]).toEqual([2, 0]);
  });

  test("counts all that a process counted since it was started anew", () => {
    const counter = series("a", "texts", [100, 110, null, 3, 8]);
    expect(total([counter])).toEqual([["texts", 18]]);
    expect(total([counter], [start("a", [50, 50, null, 52.5, 52.5])])).toEqual([["texts", 18]]);
  });

  test("sees a restart in all of a process's counters, also in those that hold more than before", () => {
    const counters = [series("a", "texts", [100, 110, 3]), series("a", "tokens", [5, 5, 40])];
    expect(total(counters)).toEqual([
      ["texts", 13],
      ["tokens", 40],
    ]);
  });

  test("sees a restart by the start time alone", () => {
    expect(total([series("a", "texts", [3, 4, 9])], [start("a", [50, 50, 52])])).toEqual([["texts", 10]]);
  });

  test("takes a series that comes back later than its process for the same restart", () => {
    const counters = [series("a", "texts", [100, 110, 3, 8]), series("a", "late", [60, 60, null, 4])];
    for (const starts of [[], [start("a", [50, 50, 51, 51])]]) {
      expect(gainsOf(counters, starts, [0, 10]).restarts).toBe(1);
      expect(total(counters, starts)).toEqual([
        ["texts", 18],
        ["late", 4],
      ]);
    }
  });

  test("counts a series from 0 that begins while its process is known", () => {
    expect(total([series("a", "texts", [1, 2, 3]), series("a", "student", [null, 4, 6])])).toEqual([
      ["texts", 2],
      ["student", 6],
    ]);
  });

  test("refuses counters that fall though the process goes on", () => {
    const counter = series("a", "texts", [100, 110, 3]);
    expect(() => total([counter], [start("a", [50, 50, 50])])).toThrow(UpstreamError);
    expect(() => total([counter], [start("a", [50, 50, 50])])).toThrow(
      '{instance="a",job="kdnas"}: the counters cannot be added up: counters fall though it was not started anew',
    );
  });

  test("refuses two processes that take turns behind the same labels", () => {
    const counter = series("a", "texts", [100, 3, 101, 4, 102, 5]);
    expect(() => total([counter], [start("a", [50, 70, 50, 70, 50, 70])])).toThrow("its start time goes back");
    expect(() => total([counter])).toThrow("counters fall 3 times in 6 samples");
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])("refuses a counter that holds %d", (value) => {
    expect(() => total([series("a", "texts", [1, value])])).toThrow(`absurd value ${value}`);
  });
});
