import type { Log } from "../command/command.ts";
import type { Candidate } from "../complete/export-candidate.ts";
import type { Corpus } from "../corpus/assemble.ts";
import { tryAlone } from "../student/own-fault.ts";

/** A student, and what it was judged by. */
interface Trained {
  readonly trained: Candidate;
  readonly judging: Corpus;
}

export interface Ended {
  readonly trained: readonly Candidate[];
  /** Names of those that came to nothing. */
  readonly failed: readonly string[];
  /** What the last one was judged by; null where there is none. */
  readonly judging: Corpus | null;
}

/** Trains students one after another; one that fails by its own fault does not take the others with it. */
export async function trainEach(
  students: Iterable<Candidate>,
  train: (student: Candidate) => Promise<Trained>,
  log: Log,
): Promise<Ended> {
  const trained: Candidate[] = [];
  const failed: string[] = [];
  // No more than one: a corpus may take gigabytes.
  const last: { judging: Corpus | null } = { judging: null };
  for (const student of students) {
    const { name } = student.manifest;
    const trainOne = async () => {
      const one = await train(student);
      trained.push(one.trained);
      last.judging = one.judging;
    };
    if (!(await tryAlone(name, trainOne, log))) failed.push(name);
  }
  return { trained, failed, ...last };
}
