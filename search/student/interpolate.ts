import { must } from "../../src/invariant.ts";
import type { Weights } from "./weights.ts";

/**
 * Weights on the line between a student and what fine-tuning made of it: part of the way keeps most of what is gained and
 * gives back more of what was lost (Wortsman et al. 2022, WiSE-FT). @param share 0 the student as it was, 1 fine-tuned
 */
export function interpolate(before: Weights, after: Weights, share: number): Weights {
  return new Map(
    [...after].map(([name, { dims, data }]) => {
      const start = must(before.get(name), name).data;
      return [name, { dims, data: data.map((x, i) => must(start[i]) + share * (x - must(start[i]))) }];
    }),
  );
}
