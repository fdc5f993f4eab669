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

/** One for each size of student that is replaced in turn; more would be held for no use. */
const mostSpares = 2;

export function createTableMemory(): TableMemory {
  /** From the smallest to the largest. */
  const spares: SharedArrayBuffer[] = [];
  return {
    take: (bytes) => {
      const fitting = spares.findIndex(({ byteLength }) => byteLength >= bytes);
      return fitting === -1 ? new SharedArrayBuffer(bytes) : (spares.splice(fitting, 1)[0] as SharedArrayBuffer);
    },
    giveBack: (memory) => {
      spares.push(memory);
      spares.sort((a, b) => a.byteLength - b.byteLength);
      if (spares.length > mostSpares) spares.shift();
    },
  };
}
