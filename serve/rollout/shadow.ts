import { must } from "../../src/invariant.ts";
import type { Answer } from "../answering/answer.ts";
import { toResults } from "../answering/to-results.ts";
import type { Batcher } from "../queue/batcher.ts";
import type { Outcome } from "../queue/outcome.ts";
import { costOf, type Student } from "../students/student.ts";
import type { Beside } from "./beside.ts";
import { compare } from "./compare.ts";

export interface ShadowOptions {
  readonly batcher: Pick<Batcher, "trySpare" | "onSpare">;
  /** Whether the candidate still stands beside the live student at this stage. */
  isCurrent(beside: Beside): boolean;
  lease(student: Student): () => void;
}

/** Texts of one request that its live student has answered. */
export interface ShadowJob {
  readonly beside: Beside;
  readonly tasks: readonly string[];
  readonly input: "text" | "pair";
  readonly items: readonly { readonly texts: readonly string[]; readonly answer: Answer }[];
}

/** Of a request's items as many are asked: a batch that is started cannot be stopped when a client comes. */
const mostItemsOfRequest = 8;
const mostWaitingItems = 256;
const mostWaitingUnits = 1_000_000;
/** Texts are kept for no other reason than to be asked, and not for longer. */
const mostWaitingMs = 10_000;

interface Waiting extends ShadowJob {
  readonly since: number;
  readonly units: number;
}

/**
 * Asks candidates what live students have answered, when nothing else is to be done: one batch at a time, none while a text waits,
 * and none that would take the last free worker. What there is no time for is dropped and counted. No reply depends on it.
 */
export class Shadow {
  private readonly options: ShadowOptions;
  private waiting: Waiting[] = [];
  private items = 0;
  private units = 0;
  private running = false;
  private pumping = false;

  constructor(options: ShadowOptions) {
    this.options = options;
    options.batcher.onSpare = () => this.pumpSoon();
  }

  offer(job: ShadowJob): void {
    const items = job.items.slice(0, mostItemsOfRequest);
    const units = items.reduce((sum, { texts }) => sum + texts.reduce((all, text) => all + text.length, 0), 0);
    const fits = this.items + items.length <= mostWaitingItems && this.units + units <= mostWaitingUnits;
    if (!fits) job.beside.skipped(items.length);
    else {
      this.waiting.push({ ...job, items, units, since: performance.now() });
      this.items += items.length;
      this.units += units;
      this.pumpSoon();
    }
  }

  /** After the event loop has sent its replies and read its sockets: what came by them goes first. */
  private pumpSoon(): void {
    if (this.pumping || this.running || this.waiting.length === 0) return;
    this.pumping = true;
    setImmediate(() => {
      this.pumping = false;
      this.pump();
    });
  }

  private pump(): void {
    this.dropStale();
    const job = this.waiting[0];
    if (this.running || job === undefined) return;
    const { student } = job.beside;
    const items = job.items.map(({ texts }) => {
      const { tokens, latencyMs } = costOf(student, texts, "p50Ms");
      return { texts, tokens, priorMs: latencyMs };
    });
    const release = this.options.lease(student);
    const outcomes = this.options.batcher.trySpare({ student, input: job.input, tasks: job.tasks, items });
    if (outcomes === undefined) release();
    else {
      this.remove(job);
      void this.settle(job, outcomes).finally(release);
    }
  }

  private async settle(job: Waiting, outcomes: Promise<Outcome[]>): Promise<void> {
    this.running = true;
    try {
      note(job, await outcomes);
    } catch (cause) {
      job.beside.failed([cause as Error], job.items.length);
    } finally {
      this.running = false;
      this.pumpSoon();
    }
  }

  private dropStale(): void {
    const oldest = performance.now() - mostWaitingMs;
    for (const job of [...this.waiting]) {
      const isCurrent = this.options.isCurrent(job.beside) && job.beside.isAt("shadow");
      if (isCurrent && job.since >= oldest) continue;
      this.remove(job);
      if (isCurrent) job.beside.skipped(job.items.length);
    }
  }

  private remove(job: Waiting): void {
    this.waiting = this.waiting.filter((other) => other !== job);
    this.items -= job.items.length;
    this.units -= job.units;
  }
}

function note({ beside, tasks, items }: ShadowJob, outcomes: readonly Outcome[]): void {
  const failures: Error[] = [];
  for (const [i, { answer }] of items.entries()) {
    const outcome = must(outcomes[i]);
    const results = toResults(beside.student, tasks, outcome);
    if (results instanceof Error) failures.push(results);
    else {
      beside.answered(1);
      beside.worked("live", answer.workMs);
      beside.worked("candidate", outcome.workMs);
      for (const task of tasks) beside.compared(task, compare(must(answer.results[task]), must(results[task])));
    }
  }
  beside.failed(failures);
}
