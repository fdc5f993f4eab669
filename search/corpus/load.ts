import { fileURLToPath } from "node:url";
import { assemble, type Corpus } from "./assemble.ts";
import { type Collected, collect } from "./collect.ts";
import { readDataSets } from "./datasets.ts";
import { Limits } from "./limits.ts";
import { HeldOut } from "./split.ts";
import { readUdhr, udhrSet } from "./udhr.ts";

/** The sets written for this project, which every search learns from. */
const sampleFolder = fileURLToPath(new URL("sample", import.meta.url));

/**
 * Reads a data folder (null: only what comes with the project and npm) and the sample. The same folder, seed and limits
 * give the same corpus. @throws {BadFileError}
 */
export async function loadCorpus(
  folder: string | null,
  options: { readonly seed: number; readonly limits?: Partial<Limits> },
): Promise<Corpus> {
  const { seed } = options;
  const limits = Limits.parse(options.limits ?? {});
  const heldOut = new HeldOut();
  const collected: Collected[] = [];
  for (const home of folder === null ? [sampleFolder] : [folder, sampleFolder])
    for (const set of await readDataSets(home)) collected.push(await collect(home, set, seed, limits, heldOut));
  if (!collected.some(({ set }) => set.name === udhrSet.name))
    collected.push({ set: udhrSet, train: await readUdhr(), validation: [], lexicon: [] });
  return assemble(
    collected.map((c) => withoutHeldOut(c, heldOut)),
    heldOut,
    seed,
    limits,
  );
}

function withoutHeldOut(collected: Collected, heldOut: HeldOut): Collected {
  return { ...collected, train: collected.train.filter((row) => !heldOut.has(row)) };
}
