import { must } from "../src/invariant.ts";
import type { TokenizerParts } from "../src/text/create-tokenizer.ts";
import type { SharedStudent, StudentFiles } from "./student-batch.ts";
import { Thread } from "./thread.ts";

/** Reads students off the event loop, one after another, in a thread that is there only while there is work for it. */
export interface StudentReader {
  /**
   * @param yielding leaves the cores to requests.
   * @throws {BadStudentError} when a file is missing or damaged. @throws {UnavailableError} when the thread was lost.
   */
  read(files: StudentFiles, yielding: boolean): Promise<SharedStudent>;
}

const entry = new URL(import.meta.url.endsWith(".ts") ? "./read-worker.ts" : "./read-worker.js", import.meta.url);

export function createStudentReader(): StudentReader {
  return new ThreadReader();
}

class ThreadReader implements StudentReader {
  private thread: Thread | undefined;
  /** By the hash of their file; kept by the students that have them. */
  private readonly tokenizers = new Map<string, WeakRef<TokenizerParts>>();

  async read(files: StudentFiles, yielding: boolean): Promise<SharedStudent> {
    const { sha256 } = must(files.manifest.files["tokenizer.json"]);
    this.thread ??= new Thread(entry, () => {});
    const thread = this.thread;
    try {
      const known = this.tokenizers.get(sha256)?.deref();
      const student = await thread.read(files, yielding, known);
      const tokenizer = this.tokenizers.get(sha256)?.deref() ?? student.tokenizer;
      this.tokenizers.set(sha256, new WeakRef(tokenizer));
      return { ...student, tokenizer };
    } finally {
      if (thread.outstanding === 0) this.end(thread);
    }
  }

  private end(thread: Thread): void {
    if (this.thread === thread) this.thread = undefined;
    void thread.close();
  }
}
