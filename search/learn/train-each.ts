import type { Log } from "../command/command.ts";
import type { Candidate } from "../complete/export-candidate.ts";
import { tryAlone } from "../student/own-fault.ts";

interface Trained {
  readonly trained: Candidate[];
  /** Names of those that came to nothing. */
  readonly failed: string[];
}

/** Trains students one after another; one that fails by its own fault does not take the others with it. */
export async function trainEach(
  students: Iterable<Candidate>,
  train: (student: Candidate) => Promise<Candidate>,
  log: Log,
): Promise<Trained> {
  const trained: Candidate[] = [];
  const failed: string[] = [];
  for (const student of students) {
    const { name } = student.manifest;
    const isTrained = await tryAlone(name, async () => void trained.push(await train(student)), log);
    if (!isTrained) failed.push(name);
  }
  return { trained, failed };
}
