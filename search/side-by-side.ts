/**
 * Does works at the same time; their results come in the works' order. When one fails, the others are told to end, and its error is
 * thrown once all have: nothing is left running.
 */
export async function sideBySide<T>(works: readonly ((signal: AbortSignal) => Promise<T>)[]): Promise<T[]> {
  const stop = new AbortController();
  const settled = works.map(async (work) => {
    try {
      return await work(stop.signal);
    } catch (cause) {
      stop.abort(cause);
      throw cause;
    }
  });
  await Promise.allSettled(settled);
  stop.signal.throwIfAborted();
  return await Promise.all(settled);
}
