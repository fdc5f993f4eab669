import { type Transferable, Worker } from "node:worker_threads";
import "../onnx/no-telemetry.ts";
import type { Answer, Call, Failure } from "./calls.ts";

export interface ThreadOptions {
  /** Called once, when the thread has ended by itself or was given up. */
  readonly onDeath: (reason: string) => void;
  /** Makes the error of a failed call anew, since errors cross threads without their class. */
  readonly toError: (failure: Failure) => Error;
  /** What calls fail with that have no answer when the thread is gone. */
  readonly lost: (reason: string) => Error;
}

interface Waiter {
  readonly resolve: (value: unknown) => void;
  readonly reject: (cause: Error) => void;
}

/** A worker thread that answers calls (`answerCalls`). Every call settles, also when the thread dies. */
export class CalledThread<Request extends object> {
  private readonly worker: Worker;
  private readonly options: ThreadOptions;
  private readonly waiters = new Map<number, Waiter>();
  private serial = 0;
  private death: string | undefined;
  private closing = false;
  /** Resolves when the thread is gone: later than its death when a run holds it. */
  readonly gone: Promise<void>;

  /** @param entry the module that the thread runs; TypeScript may be. */
  constructor(entry: URL, options: ThreadOptions) {
    this.options = options;
    this.worker = startWorker(entry);
    this.worker.on("message", (answer: Answer) => this.settle(answer));
    this.worker.on("error", (cause) => this.giveUp(`it threw ${nameOf(cause as Error)}`));
    this.worker.on("exit", (code) => this.giveUp(`it ended with code ${code}`));
    this.gone = new Promise((resolve) => this.worker.once("exit", () => resolve()));
  }

  /** Calls that have no answer yet. */
  get outstanding(): number {
    return this.waiters.size;
  }

  get isDead(): boolean {
    return this.death !== undefined;
  }

  /** The request is copied when this is called, or handed over where `transfer` lists its buffers. */
  call(request: Request, transfer: readonly Transferable[] = []): Promise<unknown> {
    if (this.death !== undefined) return Promise.reject(this.options.lost(this.death));
    const serial = this.serial++;
    return new Promise((resolve, reject) => {
      // First, since what cannot be sent throws, and would wait for ever.
      this.worker.postMessage({ serial, ...request }, transfer);
      this.waiters.set(serial, { resolve, reject });
    });
  }

  /** Rejects all that waits and asks the thread to end when its run returns, since it cannot be ended before. */
  giveUp(reason: string): void {
    if (this.death !== undefined) return;
    this.death = reason;
    this.postClose();
    for (const waiter of this.waiters.values()) waiter.reject(this.options.lost(reason));
    this.waiters.clear();
    if (!this.closing) this.options.onDeath(reason);
  }

  /** Ends the thread when what it was asked before is begun. */
  async close(): Promise<void> {
    if (this.death !== undefined) return;
    this.closing = true;
    this.postClose();
    await this.gone;
  }

  private postClose(): void {
    this.worker.postMessage({ serial: this.serial++, kind: "close" } satisfies Call<Request>);
  }

  private settle({ serial, value, failure }: Answer): void {
    const waiter = this.waiters.get(serial);
    this.waiters.delete(serial);
    if (failure === undefined) waiter?.resolve(value);
    else waiter?.reject(this.options.toError(failure));
  }
}

function nameOf(cause: Error & { readonly code?: string }): string {
  return cause.code ?? cause.name;
}

/** A thread does not inherit the loader that runs TypeScript sources, so there it is registered first. */
function startWorker(entry: URL): Worker {
  if (!entry.pathname.endsWith(".ts")) return new Worker(entry);
  const boot = `import("tsx/esm/api").then((tsx) => { tsx.register(); return import(${JSON.stringify(entry.href)}); })`;
  return new Worker(boot, { eval: true });
}
