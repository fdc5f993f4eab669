import { membersAmong } from "../../src/contract/ensemble.ts";
import { ModelFailedError } from "../../src/errors.ts";
import { openStudent, releaseStudent } from "./open-student.ts";
import { runBatch } from "./run-batch.ts";
import type { BatchOutput, LoadedStudent, SharedStudent, TextBatch } from "./student-batch.ts";

/** Runs students in one thread: texts go in, logits come out. Knows nothing of threads, queues or HTTP. */
export interface Engine {
  /** Opens the sessions of a student that was read, and warms them up. @throws {BadStudentError} */
  load(student: SharedStudent): Promise<void>;
  unload(id: string): Promise<void>;
  /** @throws {ModelFailedError} when the student is not loaded or the runtime fails. */
  run(batch: TextBatch): Promise<BatchOutput>;
}

export function createEngine(): Engine {
  const students = new Map<string, LoadedStudent>();
  /** Batches that are being answered: nothing is opened, and no member of an ensemble released, amid one. */
  let running = Promise.resolve();
  return {
    load: async (student) => {
      // Between two passes of a batch its time would be counted as theirs.
      await running;
      students.set(student.id, await openStudent(student));
    },
    unload: async (id) => {
      const student = students.get(id);
      students.delete(id);
      await running;
      if (student) await releaseStudent(student);
    },
    run: async (batch) => {
      const student = students.get(batch.studentId);
      if (!student) throw new ModelFailedError("the student was unloaded before its turn came");
      const answer = runBatch(student, batch, membersOf(student, batch, students));
      // Without their values: each would hold those of all before.
      running = Promise.allSettled([running, answer]).then(() => {});
      return await answer;
    },
  };
}

/** Of the student's ensemble, those that the batch names, else whoever is here; none unless all are. */
function membersOf(
  { manifest }: LoadedStudent,
  { members }: TextBatch,
  students: ReadonlyMap<string, LoadedStudent>,
): readonly LoadedStudent[] {
  if (members === undefined) return membersAmong(manifest, students.values());
  const found = members.flatMap((id) => students.get(id) ?? []);
  return found.length === members.length ? found : [];
}
