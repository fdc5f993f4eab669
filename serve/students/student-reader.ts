import { statSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../src/invariant.ts";
import type { TokenizerParts } from "../../src/text/create-tokenizer.ts";
import type { SharedStudent, StudentFiles } from "../engine/student-batch.ts";
import { LingeringThread } from "./lingering-thread.ts";
import { createTableMemory } from "./table-memory.ts";
import { roundUp, tabledFiles } from "./tabled-files.ts";

/**
 * Reads students off the event loop, one after another, in threads that end when there is nothing to read for a while. A
 * tokeniser has a thread of its own: it takes longer than a graph, and is read once for all students that have it.
 */
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

/** Starting a thread costs as much as reading a student. */
const lingerMs = 2000;

const entry = new URL(import.meta.url.endsWith(".ts") ? "./read-worker.ts" : "./read-worker.js", import.meta.url);

export function createStudentReader(): StudentReader {
  return new ThreadReader();
}

class ThreadReader implements StudentReader {
  private readonly graphs = new LingeringThread(entry, lingerMs);
  private readonly texts = new LingeringThread(entry, lingerMs);
  private readonly memory = createTableMemory();
  /** By the hash of their file; kept by the students that have them. */
  private readonly tokenizers = new Map<string, WeakRef<TokenizerParts>>();
  /** Those that are being read. */
  private readonly pending = new Map<string, Promise<TokenizerParts>>();

  prepare(): void {
    this.texts.use((thread) => thread.prepare()).catch(() => {});
  }

  async read(student: StudentFiles, yielding: boolean): Promise<SharedStudent> {
    const order = { student, yielding };
    const memory = this.memory.take(roomFor(student));
    const halves = [
      this.graphs.use((thread) => thread.readGraphs(order, memory)),
      this.tokenizerOf(student, yielding),
    ] as const;
    try {
      // Both have to be done, or one would still write to memory that is given back.
      await Promise.allSettled(halves);
      const [graphs, tokenizer] = await Promise.all(halves);
      return { ...graphs, memory, tokenizer };
    } catch (cause) {
      this.memory.giveBack(memory);
      throw cause;
    }
  }

  private async tokenizerOf(student: StudentFiles, yielding: boolean): Promise<TokenizerParts> {
    const { sha256 } = must(student.manifest.files["tokenizer.json"]);
    const known = this.tokenizers.get(sha256)?.deref() ?? this.pending.get(sha256);
    if (known) return await known;
    const reading = this.texts.use((thread) => thread.readTokenizer({ student, yielding }));
    this.pending.set(sha256, reading);
    try {
      const parts = await reading;
      this.tokenizers.set(sha256, new WeakRef(parts));
      return parts;
    } finally {
      this.pending.delete(sha256);
    }
  }

  giveBack({ memory }: SharedStudent): void {
    this.memory.giveBack(memory);
  }

  close(): void {
    this.graphs.close();
    this.texts.close();
  }
}

/** Not by the manifest's figures, which may be anything; a file that is missing is noticed when it is read. */
function roomFor({ folder, manifest }: StudentFiles): number {
  const sizes = tabledFiles(manifest).map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0);
  return sizes.reduce((sum, bytes) => sum + roundUp(bytes), 0);
}
