import { assemble, type Corpus } from "./assemble.ts";
import { type Collected, collect } from "./collect.ts";
import { Limits } from "./limits.ts";
import { readSources } from "./sources.ts";
import { HeldOut } from "./split.ts";
import { readUdhr, udhrSet } from "./udhr.ts";

export interface CorpusOptions {
  readonly seed: number;
  readonly limits?: Partial<Limits>;
  /** Tasks to prepare. @default those that the folders have labelled sets of; without folders, the sample's */
  readonly tasks?: readonly string[] | "all";
}

/**
 * Reads data folders (none: only what comes with the project and npm) and the sample. The same folders, seed and limits
 * give the same corpus. @throws {BadFileError} @throws {ConfigError} for a task that there are no data for
 */
export async function loadCorpus(folders: readonly string[], options: CorpusOptions): Promise<Corpus> {
  const { seed } = options;
  const limits = Limits.parse(options.limits ?? {});
  const { sets, all, wanted } = await readSources(folders, options.tasks);
  const heldOut = new HeldOut();
  const collected: Collected[] = [];
  for (const { folder, set } of sets) {
    const task = all.find((t) => t.dataTask === set.task);
    collected.push(await collect(folder, set, task, seed, limits, heldOut));
  }
  if (!collected.some(({ set }) => set.name === udhrSet.name)) collected.push(await collectUdhr());
  return assemble(
    collected.map((c) => withoutHeldOut(c, heldOut)),
    heldOut,
    { seed, limits, all, wanted },
  );
}

async function collectUdhr(): Promise<Collected> {
  const none = { validation: [], lexicon: [], labels: new Set<string>(), heldOutSplits: new Set<string>() };
  return { set: udhrSet, train: await readUdhr(), ...none };
}

function withoutHeldOut(collected: Collected, heldOut: HeldOut): Collected {
  return { ...collected, train: collected.train.filter((row) => !heldOut.has(row)) };
}
