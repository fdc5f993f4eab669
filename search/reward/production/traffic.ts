import { must } from "../../../src/invariant.ts";
import type { Sample } from "../metrics-text.ts";

/** What was counted in production, of one server or of many, in the order of time. */
export interface Traffic {
  /** Counts of each part alone; a single part where only what servers counted since their start is known. */
  readonly parts: readonly (readonly Sample[])[];
  /** Seconds of all parts together; null where it is not known. */
  readonly seconds: number | null;
  readonly servers: number;
  readonly restarts: number;
  /**
   * Every machine and every version of a student that was seen, as the labels of their info metrics; with `changes` for a student whose
   * version a server changed so often since its counts began.
   */
  readonly machines: readonly Labels[];
  readonly students: readonly Labels[];
}

export type Labels = Readonly<Record<string, string>>;

/** Parts after which what was seen counts half. */
const HALF_LIFE = 3;

/** Windows end together, so their parts are of the same times; of a server since its start only the sum can be added. */
export function mergeTraffic(all: readonly Traffic[]): Traffic {
  const windows = all.map(({ seconds }) => seconds);
  const isAligned = all.every(({ parts }) => parts.length === must(all[0]).parts.length);
  const together = (i: number) => addUp(all.map(({ parts }) => must(parts[i])));
  return {
    parts: isAligned ? must(all[0]).parts.map((_, i) => together(i)) : [addUp(all.flatMap(({ parts }) => parts))],
    seconds: windows.includes(null) ? null : Math.max(...(windows as number[])),
    servers: all.reduce((sum, { servers }) => sum + servers, 0),
    restarts: all.reduce((sum, { restarts }) => sum + restarts, 0),
    machines: all.flatMap(({ machines }) => machines),
    students: all.flatMap(({ students }) => students),
  };
}

/** Samples of equal name and labels as one, each part counting by its weight. */
export function addUp(
  parts: readonly (readonly Sample[])[],
  weights: readonly number[] = parts.map(() => 1),
): Sample[] {
  const sums = new Map<string, Sample & { value: number }>();
  parts.forEach((part, i) => {
    for (const { name, labels, value } of part) {
      const key = JSON.stringify([name, ...Object.entries(labels).sort()]);
      const sum = sums.get(key) ?? { name, labels, value: 0 };
      sum.value += value * must(weights[i]);
      sums.set(key, sum);
    }
  });
  return [...sums.values()];
}

/** As `addUp`, later parts counting more: machines grow busier and quieter, and what counts is how they are now. */
export function addUpRecent(parts: readonly (readonly Sample[])[]): Sample[] {
  return addUp(
    parts,
    parts.map((_, i) => 0.5 ** ((parts.length - 1 - i) / HALF_LIFE)),
  );
}
