import { isDiskFull } from "../../src/disk-full.ts";
import { AppError } from "../../src/errors.ts";
import { DivergedError } from "./training-loop.ts";

/**
 * Why a trial or a training ended by its own fault: a loss that is no number, memory that it would not get, a full disk.
 * Others may go on then. Null for every other error: what is wrong with the data or with us is wrong for all of them.
 */
export function ownFault(error: unknown): string | null {
  if (error instanceof AppError || !(error instanceof Error)) return null;
  if (isDiskFull(error)) return `the disk is full (${error.message})`;
  const outOfMemory = error instanceof RangeError || /allocat|out[ _]of[ _]memory|bad_alloc/i.test(error.message);
  return error instanceof DivergedError || outOfMemory ? error.message : null;
}

/** False for work that ended by its own fault, which is logged under a name. @throws every other error. */
export async function tryAlone(name: string, work: () => Promise<void>, log: (line: string) => void): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    const reason = ownFault(error);
    if (reason === null) throw error;
    log(`${name} · failed: ${reason}`);
    return false;
  }
}
