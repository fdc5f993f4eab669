import { must } from "../../src/invariant.ts";

/**
 * Float arrays that every batch uses again. Fresh megabytes a step make the engine collect all of a heap that holds a corpus, which
 * took as long as the step itself.
 */
export interface Scratch {
  /** An array of zeros. It is overwritten when an array of the same name is asked for. */
  floats(name: string, length: number): Float32Array<ArrayBuffer>;
}

export function createScratch(): Scratch {
  const known = new Map<string, Float32Array<ArrayBuffer>>();
  return {
    floats: (name, length) => {
      if ((known.get(name)?.length ?? -1) < length) known.set(name, new Float32Array(length));
      return must(known.get(name)).subarray(0, length).fill(0);
    },
  };
}
