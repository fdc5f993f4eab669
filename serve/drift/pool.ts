import type { Counts } from "../../src/contract/drift.ts";
import { must } from "../../src/invariant.ts";
import type { Comparison } from "./watched-student.ts";

/**
 * Several students' counts of one task as one: what was seen of all of them, against what was to be expected of this mix of
 * students. Each has a reference of its own, and budgets and load decide who answers how much.
 */
export function pool(all: readonly Comparison[]): Comparison & { readonly samples: number } {
  const sizes = all.map(({ seen }) => totalOf(seen));
  const samples = sizes.reduce((sum, size) => sum + size, 0);
  const expected = add(all.map(({ expected }, i) => [expected, samples === 0 ? 1 : must(sizes[i]) / samples]));
  return { seen: add(all.map(({ seen }) => [seen, 1])), expected, samples };
}

/** References are of the same texts, hence about equally large: the mix is about as large as one of them. */
function add(weighted: readonly (readonly [Counts, number])[]): Counts {
  const sums: Record<string, number> = {};
  for (const [counts, weight] of weighted)
    for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + weight * count;
  return sums;
}

export function totalOf(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
