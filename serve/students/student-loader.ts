import type { Manifest } from "../../src/contract/manifest.ts";
import type { Runner } from "../engine/runner.ts";
import type { SharedStudent } from "../engine/student-batch.ts";
import { BadStudentError, type LoadFailureReason } from "./load-failure.ts";
import { createStudent, type Student } from "./student.ts";
import type { StudentReader } from "./student-reader.ts";

/** A student that was read, and its manifest's text, by which a change is known. */
export interface Loaded {
  readonly student: Student;
  readonly manifestText: string;
  readonly shared: SharedStudent;
}

export interface StudentSource {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly manifestText: string;
  readonly isCandidate: boolean;
  /** Leaves the cores to requests. */
  readonly yielding: boolean;
}

export interface LoaderOptions {
  readonly runner: Runner;
  readonly reader: StudentReader;
  readonly maxTokens: number;
}

/** Reads and opens students, and closes them when the last request that has them is done. */
export class StudentLoader {
  private readonly options: LoaderOptions;
  /** Requests that have a student, by its id. */
  private readonly leases = new Map<string, number>();
  /** Replaced students that still answer a request. */
  private readonly retired = new Map<string, Loaded>();
  private generation = 0;

  constructor(options: LoaderOptions) {
    this.options = options;
  }

  /** @throws {BadStudentError | UnavailableError} */
  async read({ folder, manifest, manifestText, isCandidate, yielding }: StudentSource): Promise<Loaded> {
    const { maxTokens, reader } = this.options;
    const id = `${manifest.name}@${manifest.version}#${this.generation++}`;
    const student = createStudent(id, manifest, maxTokens, isCandidate);
    const files = { id, folder, manifest, maxTokens: student.maxTokens };
    return { student, manifestText, shared: await reader.read(files, yielding) };
  }

  /**
   * Into every worker; one that fails is closed: a candidate is in them already. @throws {BadStudentError | UnavailableError}
   * @param check what has to hold first; it throws when it does not.
   */
  async open(loaded: Loaded, check?: () => void): Promise<void> {
    try {
      check?.();
      await this.options.runner.load(loaded.shared);
    } catch (cause) {
      this.retire(loaded);
      throw cause;
    }
  }

  /** Keeps a student's sessions open until the returned function is called. */
  lease({ id }: Student): () => void {
    this.leases.set(id, (this.leases.get(id) ?? 0) + 1);
    return () => {
      const left = (this.leases.get(id) ?? 0) - 1;
      if (left > 0) this.leases.set(id, left);
      else this.leases.delete(id);
      const retired = this.retired.get(id);
      if (left > 0 || retired === undefined) return;
      this.retired.delete(id);
      void this.close(retired);
    };
  }

  /** Closes it as soon as nobody has it any more. */
  retire(loaded: Loaded): void {
    if (this.leases.has(loaded.student.id)) this.retired.set(loaded.student.id, loaded);
    else void this.close(loaded);
  }

  private async close({ student, shared }: Loaded): Promise<void> {
    await this.options.runner.unload(student.id);
    this.options.reader.giveBack(shared);
  }
}

export function loadFailureReasonOf(cause: unknown): LoadFailureReason {
  return cause instanceof BadStudentError ? cause.reason : "worker";
}
