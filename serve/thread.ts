import { Worker } from "node:worker_threads";
import "../src/onnx/no-telemetry.ts";
import { ModelFailedError, UnavailableError } from "../src/errors.ts";
import type { TokenizerParts } from "../src/text/create-tokenizer.ts";
import { BadStudentError, type LoadFailureReason } from "./load-failure.ts";
import type { ReadGraphs } from "./read-student.ts";
import type { BatchOutput, SharedStudent, StudentFiles, TextBatch } from "./student-batch.ts";

/** What goes to a thread, and what comes back. `serial` joins them. */
export type Call = { readonly serial: number } & Request;
type Request =
  | { readonly kind: "prepare" }
  | ({ readonly kind: "read-graphs"; readonly memory: SharedArrayBuffer } & ReadOrder)
  | ({ readonly kind: "read-tokenizer" } & ReadOrder)
  | { readonly kind: "load"; readonly student: SharedStudent }
  | { readonly kind: "unload"; readonly id: string }
  | { readonly kind: "run"; readonly batch: TextBatch }
  | { readonly kind: "close" };
interface ReadOrder {
  readonly student: StudentFiles;
  /** Leaves the cores to requests. */
  readonly yielding: boolean;
}

export interface Answer {
  readonly serial: number;
  readonly value?: unknown;
  readonly failure?: Failure;
}

interface Failure {
  readonly name: string;
  readonly message: string;
  /** Of a student that could not be loaded. */
  readonly reason?: LoadFailureReason;
}

interface Waiter {
  readonly resolve: (value: unknown) => void;
  readonly reject: (cause: Error) => void;
}

/** One worker thread with students in it. Every call settles, also when the thread dies. */
export class Thread {
  private readonly worker: Worker;
  private readonly waiters = new Map<number, Waiter>();
  private serial = 0;
  private dead = false;
  /** Resolves when the thread is gone: later than its death when a run holds it. */
  readonly gone: Promise<void>;

  /** @param onDeath called once, when the thread has ended by itself or was given up. */
  constructor(entry: URL, onDeath: (reason: string) => void) {
    this.worker = startWorker(entry);
    this.worker.on("message", (answer: Answer) => this.settle(answer));
    this.worker.on("error", (cause) => this.die(`it threw ${(cause as Error).name}`, onDeath));
    this.worker.on("exit", (code) => this.die(`it ended with code ${code}`, onDeath));
    this.gone = new Promise((resolve) => this.worker.once("exit", () => resolve()));
    this.giveUp = (reason) => this.die(reason, onDeath);
  }

  /** Calls that have no answer yet. */
  get outstanding(): number {
    return this.waiters.size;
  }

  get isDead(): boolean {
    return this.dead;
  }

  /** Rejects all that waits and asks the thread to end when its run returns, since it cannot be ended before. */
  readonly giveUp: (reason: string) => void;

  async prepare(): Promise<void> {
    await this.call({ kind: "prepare" });
  }

  /** @param memory what `model.onnx` is read into. */
  async readGraphs(order: ReadOrder, memory: SharedArrayBuffer): Promise<ReadGraphs> {
    return (await this.call({ kind: "read-graphs", ...order, memory })) as ReadGraphs;
  }

  async readTokenizer(order: ReadOrder): Promise<TokenizerParts> {
    return (await this.call({ kind: "read-tokenizer", ...order })) as TokenizerParts;
  }

  async load(student: SharedStudent): Promise<void> {
    await this.call({ kind: "load", student });
  }

  async unload(id: string): Promise<void> {
    await this.call({ kind: "unload", id });
  }

  /** @throws {UnavailableError} when the thread dies or takes longer than `timeoutMs`. */
  async run(batch: TextBatch, timeoutMs: number): Promise<BatchOutput> {
    const timer = setTimeout(() => this.giveUp(`a batch took more than ${timeoutMs} ms`), timeoutMs);
    try {
      return (await this.call({ kind: "run", batch })) as BatchOutput;
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    if (this.dead) return;
    this.call({ kind: "close" }).catch(() => {});
    await this.gone;
  }

  private call(request: Request): Promise<unknown> {
    if (this.dead) return Promise.reject(lost());
    const serial = this.serial++;
    return new Promise((resolve, reject) => {
      this.waiters.set(serial, { resolve, reject });
      this.worker.postMessage({ serial, ...request });
    });
  }

  private settle({ serial, value, failure }: Answer): void {
    const waiter = this.waiters.get(serial);
    this.waiters.delete(serial);
    if (failure === undefined) waiter?.resolve(value);
    else waiter?.reject(toError(failure));
  }

  private die(reason: string, onDeath: (reason: string) => void): void {
    if (this.dead) return;
    this.dead = true;
    this.worker.postMessage({ serial: -1, kind: "close" });
    for (const waiter of this.waiters.values()) waiter.reject(lost());
    this.waiters.clear();
    onDeath(reason);
  }
}

/** Errors cross threads without their class: the ones that the table of replies knows are made anew. */
function toError({ name, message, reason }: Failure): Error {
  if (reason !== undefined) return new BadStudentError(message, { reason });
  return new ModelFailedError(name === "ModelFailedError" ? message : `a worker failed with ${name}`);
}

function lost(): UnavailableError {
  return new UnavailableError("the worker that had the text was lost; try again");
}

/** A thread does not inherit the loader that runs TypeScript sources, so there it is registered first. */
function startWorker(entry: URL): Worker {
  if (!entry.pathname.endsWith(".ts")) return new Worker(entry);
  const boot = `import("tsx/esm/api").then((tsx) => { tsx.register(); return import(${JSON.stringify(entry.href)}); })`;
  return new Worker(boot, { eval: true });
}
