import type { Counts } from "../../src/contract/drift.ts";

/**
 * Jensen-Shannon distance between two distributions (the square root of the divergence in bits, Lin 1991): 0 when they are
 * equal, 1 when they share nothing, whatever is empty on either side. Two samples of one distribution differ too, by about
 * (categories - 1) / (8 ln 2 · size) for each (Roulston 1999, to first order); that much is taken off, or a hundred languages would
 * look like drift until there are tens of thousands of texts.
 */
export function jensenShannonDistance(seen: Counts, expected: Counts): number {
  const names = [...new Set([...Object.keys(seen), ...Object.keys(expected)])];
  const [p, q] = [toShares(seen), toShares(expected)];
  let divergence = 0;
  for (const name of names) divergence += (term(p.of(name), q.of(name)) + term(q.of(name), p.of(name))) / 2;
  const chance = ((names.length - 1) / (8 * Math.LN2)) * (1 / p.total + 1 / q.total);
  return Math.sqrt(Math.min(1, Math.max(0, divergence - chance)));
}

function term(own: number, other: number): number {
  return own === 0 ? 0 : own * Math.log2((2 * own) / (own + other));
}

function toShares(counts: Counts): { readonly total: number; of(name: string): number } {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return { total, of: (name) => (counts[name] ?? 0) / total };
}
