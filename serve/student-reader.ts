import { statSync } from "node:fs";
import { join } from "node:path";
import { must } from "../src/invariant.ts";
import type { TokenizerParts } from "../src/text/create-tokenizer.ts";
import type { SharedStudent, StudentFiles } from "./student-batch.ts";
import { createTableMemory } from "./table-memory.ts";
import { Thread } from "./thread.ts";

/** Reads students off the event loop, one after another, in a thread that ends when there is nothing to read for a while. */
export interface StudentReader {
  /** Starts the thread ahead of its first student, of which nothing is known yet. */
  prepare(): void;
  /**
   * @param yielding leaves the cores to requests.
   * @throws {BadStudentError} when a file is missing or damaged. @throws {UnavailableError} when the thread was lost.
   */
  read(files: StudentFiles, yielding: boolean): Promise<SharedStudent>;
  /** Takes the memory of a student that no thread has any more, for the next one. */
  giveBack(student: SharedStudent): void;
  close(): void;
}

/** What reading leaves in the thread's heap goes with it; starting one costs as much as reading a student. */
const lingerMs = 2000;

const entry = new URL(import.meta.url.endsWith(".ts") ? "./read-worker.ts" : "./read-worker.js", import.meta.url);

export function createStudentReader(): StudentReader {
  return new ThreadReader();
}

class ThreadReader implements StudentReader {
  private thread: Thread | undefined;
  private linger: NodeJS.Timeout | undefined;
  private readonly memory = createTableMemory();
  /** By the hash of their file; kept by the students that have them. */
  private readonly tokenizers = new Map<string, WeakRef<TokenizerParts>>();

  prepare(): void {
    this.use((thread) => thread.prepare()).catch(() => {});
  }

  async read(files: StudentFiles, yielding: boolean): Promise<SharedStudent> {
    const { sha256 } = must(files.manifest.files["tokenizer.json"]);
    const memory = this.memory.take(sizeOf(join(files.folder, "model.onnx")));
    const known = this.tokenizers.get(sha256)?.deref();
    try {
      const student = await this.use((thread) => thread.read({ student: files, memory, yielding, tokenizer: known }));
      const tokenizer = this.tokenizers.get(sha256)?.deref() ?? student.tokenizer;
      this.tokenizers.set(sha256, new WeakRef(tokenizer));
      return { ...student, memory, tokenizer };
    } catch (cause) {
      this.memory.giveBack(memory);
      throw cause;
    }
  }

  giveBack({ memory }: SharedStudent): void {
    this.memory.giveBack(memory);
  }

  private async use<T>(work: (thread: Thread) => Promise<T>): Promise<T> {
    clearTimeout(this.linger);
    if (this.thread === undefined || this.thread.isDead) this.thread = new Thread(entry, () => {});
    const thread = this.thread;
    try {
      return await work(thread);
    } finally {
      if (thread.outstanding === 0) this.linger = setTimeout(() => this.close(), lingerMs).unref();
    }
  }

  close(): void {
    clearTimeout(this.linger);
    void this.thread?.close();
    this.thread = undefined;
  }
}

/** Not the manifest's figure, which may be anything; a file that is missing is noticed when it is read. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
