import type { Manifest } from "../../src/contract/manifest.ts";

type Sets = Manifest["dataSets"];

/**
 * All data sets that a student has learned from, each once, in the order of the lists: what it was trained on before is in its weights,
 * whether the data of today have it or not.
 */
export function allSets(...lists: readonly (readonly Readonly<Sets[number]>[])[]): Sets {
  const sets = new Map<string, Sets[number]>();
  for (const set of lists.flat()) if (!sets.has(set.name)) sets.set(set.name, { ...set });
  return [...sets.values()];
}
