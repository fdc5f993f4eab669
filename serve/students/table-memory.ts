/**
 * Memory that threads share is given back to the system only when every one of them has collected its garbage, which idle
 * threads hardly ever do: a server whose students are replaced often would grow by a student each time. So what a
 * replaced student leaves is used for the next one.
 */
export interface TableMemory {
  /** At least so many bytes, of any content. */
  take(bytes: number): SharedArrayBuffer;
  /** Only what no thread reads any more. */
  giveBack(memory: SharedArrayBuffer): void;
}

export function createTableMemory(): TableMemory {
  /** The largest that was given back: students are replaced one after another, so that no more are needed. */
  let spare = new SharedArrayBuffer(0);
  return {
    take: (bytes) => {
      if (spare.byteLength < bytes) return new SharedArrayBuffer(bytes);
      const taken = spare;
      spare = new SharedArrayBuffer(0);
      return taken;
    },
    giveBack: (memory) => {
      if (memory.byteLength > spare.byteLength) spare = memory;
    },
  };
}
