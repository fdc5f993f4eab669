import { ModelFailedError, UnavailableError } from "../../src/errors.ts";
import type { TokenizerParts } from "../../src/text/create-tokenizer.ts";
import { CalledThread } from "../../src/threads/called-thread.ts";
import type { Failure } from "../../src/threads/calls.ts";
import { BadStudentError, type LoadFailureReason } from "../students/load-failure.ts";
import type { ReadGraphs } from "../students/read-student.ts";
import type { BatchOutput, SharedStudent, StudentFiles, TextBatch } from "./student-batch.ts";

/** What a thread is asked for. */
export type Request =
  | { readonly kind: "prepare" }
  | ({ readonly kind: "read-graphs"; readonly memory: SharedArrayBuffer } & ReadOrder)
  | ({ readonly kind: "read-tokenizer" } & ReadOrder)
  | { readonly kind: "load"; readonly student: SharedStudent }
  | { readonly kind: "unload"; readonly id: string }
  | { readonly kind: "run"; readonly batch: TextBatch };
interface ReadOrder {
  readonly student: StudentFiles;
  /** Leaves the cores to requests. */
  readonly yielding: boolean;
}

/** One worker thread with students in it. Every call settles, also when the thread dies. */
export class Thread {
  private readonly calls: CalledThread<Request>;

  /** @param onDeath called once, when the thread has ended by itself or was given up. */
  constructor(entry: URL, onDeath: (reason: string) => void) {
    this.calls = new CalledThread(entry, { onDeath, toError, lost });
  }

  /** Calls that have no answer yet. */
  get outstanding(): number {
    return this.calls.outstanding;
  }

  get isDead(): boolean {
    return this.calls.isDead;
  }

  /** Resolves when the thread is gone: later than its death when a run holds it. */
  get gone(): Promise<void> {
    return this.calls.gone;
  }

  async prepare(): Promise<void> {
    await this.calls.call({ kind: "prepare" });
  }

  /** @param memory what `model.onnx` is read into. */
  async readGraphs(order: ReadOrder, memory: SharedArrayBuffer): Promise<ReadGraphs> {
    return (await this.calls.call({ kind: "read-graphs", ...order, memory })) as ReadGraphs;
  }

  async readTokenizer(order: ReadOrder): Promise<TokenizerParts> {
    return (await this.calls.call({ kind: "read-tokenizer", ...order })) as TokenizerParts;
  }

  async load(student: SharedStudent): Promise<void> {
    await this.calls.call({ kind: "load", student });
  }

  async unload(id: string): Promise<void> {
    await this.calls.call({ kind: "unload", id });
  }

  /** @throws {UnavailableError} when the thread dies or takes longer than `timeoutMs`. */
  async run(batch: TextBatch, timeoutMs: number): Promise<BatchOutput> {
    const timer = setTimeout(() => this.calls.giveUp(`a batch took more than ${timeoutMs} ms`), timeoutMs);
    try {
      return (await this.calls.call({ kind: "run", batch })) as BatchOutput;
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    await this.calls.close();
  }
}

/** The errors that the table of replies knows are made anew. */
function toError({ name, message, reason }: Failure): Error {
  if (reason !== undefined) return new BadStudentError(message, { reason: reason as LoadFailureReason });
  return new ModelFailedError(name === "ModelFailedError" ? message : `a worker failed with ${name}`);
}

function lost(): UnavailableError {
  return new UnavailableError("the worker that had the text was lost; try again");
}
