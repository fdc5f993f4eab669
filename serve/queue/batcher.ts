import { must } from "../../src/invariant.ts";
import type { Drift } from "../drift/drift.ts";
import type { Runner } from "../engine/runner.ts";
import type { BatchOutput, TextBatch } from "../engine/student-batch.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { createOfferedLoad, freeCores, type OfferedLoad } from "./offered-load.ts";
import { inferMsOf, type Outcome, toOutcome } from "./outcome.ts";
import { createSpeeds, type Speeds, type Timed } from "./speeds.ts";
import { type Client, type Entry, type Group, settle, WaitingItems } from "./waiting-items.ts";

/**
 * Dynamic batching: items start as soon as a worker is free, there is no timer; all that one turn of the event loop brings
 * starts together. Items that come while all workers are busy wait in fair places, and the next free worker takes as many
 * of one student as its token budget and their deadlines hold. Sorting by length is the worker's, which knows the exact
 * lengths. The queue is bounded, and every item settles.
 */
export interface Batcher {
  /**
   * Outcomes in the order of the items, or the failure of an item: {@link LateError} when its deadline could not be kept any
   * more, {@link ShedError} when it gave its place to a client that has fewer.
   * @throws {ShedError} when the queue cannot hold all of them; none is then taken.
   */
  submit(group: Group): Promise<(Outcome | Error)[]>;
  /**
   * Runs items now if nothing waits, a worker has the student, and another stays free for what comes meanwhile (with one worker:
   * if it is free); undefined when it is not so. Nothing is queued.
   */
  trySpare(group: SpareGroup): Promise<Outcome[]> | undefined;
  /** Called when workers have become free and nothing waits. */
  onSpare: () => void;
  /** Items that wait. */
  depth(): number;
  /** Expected time until everything that waits or runs is done, ms. */
  backlogMs(): number;
  /** Expected time until a worker takes up this client's next item, ms; 0 while one is idle. */
  waitMs(client: Client): number;
  readonly speeds: Speeds;
  readonly offered: OfferedLoad;
}

export interface BatcherOptions {
  readonly runner: Runner;
  readonly metrics: Metrics;
  readonly drift: Pick<Drift, "asksLanguages" | "languageSeen">;
  /** Items that may wait. */
  readonly queueLimit: number;
  /** Tokens of one pass through a student; a batch takes about as many. */
  readonly batchTokens: number;
}

/** Items that nobody waits for. */
export type SpareGroup = Pick<Group, "student" | "input" | "tasks" | "items">;

interface Running {
  readonly endsAt: number;
}

export function createBatcher(options: BatcherOptions): Batcher {
  return new QueueBatcher(options);
}

class QueueBatcher implements Batcher {
  readonly speeds = createSpeeds();
  readonly offered: OfferedLoad;
  onSpare: () => void = () => {};
  private readonly options: BatcherOptions;
  private readonly waiting: WaitingItems;
  private readonly running = new Set<Running>();
  private pumping = false;

  constructor(options: BatcherOptions) {
    const { runner, metrics, queueLimit: limit } = options;
    this.options = options;
    this.offered = createOfferedLoad(freeCores(runner.size));
    this.waiting = new WaitingItems({
      speeds: this.speeds,
      limit,
      abandoned: (items) => metrics.shed("client_left", items),
    });
    runner.onIdle = () => this.pump();
    metrics.observeQueue({ depth: () => this.waiting.length, limit, workers: runner.size });
  }

  depth(): number {
    return this.waiting.length;
  }

  backlogMs(): number {
    const now = performance.now();
    let total = this.waiting.workMs;
    for (const { endsAt } of this.running) total += Math.max(0, endsAt - now);
    return total / this.options.runner.size;
  }

  waitMs(client: Client): number {
    const { size } = this.options.runner;
    const ahead = this.waiting.length === 0 ? 0 : this.waiting.aheadMs(client) / size;
    if (this.running.size < size) return ahead;
    const now = performance.now();
    let free = Number.POSITIVE_INFINITY;
    for (const { endsAt } of this.running) free = Math.min(free, Math.max(0, endsAt - now));
    return free + ahead;
  }

  submit(group: Group): Promise<(Outcome | Error)[]> {
    const outcomes = this.waiting.add(group, () => Math.max(1, Math.ceil(this.backlogMs() / 1000)));
    this.pumpSoon();
    return outcomes;
  }

  /** Once the event loop has read all sockets that are ready: their texts then share a message to the worker. */
  private pumpSoon(): void {
    if (this.pumping) return;
    this.pumping = true;
    setImmediate(() => {
      this.pumping = false;
      this.pump();
    });
  }

  /** Starts batches while there are threads for them, the first place first. */
  private pump(): void {
    const { runner, batchTokens: tokens } = this.options;
    for (;;) {
      const next = this.waiting.next((id) => runner.idle(id) || (runner.serves(id) ? 0 : undefined));
      if (next === undefined) break;
      const { key, idle } = next;
      const overheadMs = this.speeds.overheadMs();
      const entries = this.waiting.take(key, { tokens, idle, now: performance.now(), overheadMs });
      if (entries.length > 0) void this.runBatch(entries);
    }
    if (this.waiting.length === 0) this.onSpare();
  }

  trySpare(group: SpareGroup): Promise<Outcome[]> | undefined {
    const { runner } = this.options;
    if (this.waiting.length > 0 || runner.idle(group.student.id) < Math.min(2, runner.size)) return undefined;
    return this.runSpare(group);
  }

  private async runSpare({ student, input, tasks, items }: SpareGroup): Promise<Outcome[]> {
    const texts = items.flatMap((item) => item.texts);
    const batch = { ...studentOf(student), input, tasks, texts, tokenBudget: this.options.batchTokens };
    const output = await this.run(
      student,
      batch,
      sum(items, ({ priorMs }) => priorMs),
    );
    return items.map((_, i) => toOutcome(output, tasks, i, items.length, 0));
  }

  private async runBatch(entries: readonly Entry[]): Promise<void> {
    const { student } = must(entries[0]).request.group;
    const { batchTokens, drift } = this.options;
    const startedAt = performance.now();
    try {
      const batch = toTextBatch(entries, batchTokens, drift.asksLanguages(student.id));
      const output = await this.run(
        student,
        batch,
        sum(entries, ({ priorMs }) => priorMs),
      );
      if (batch.asksLanguages) this.noteLanguages(entries, output);
      entries.forEach((entry, i) => {
        const { tasks } = entry.request.group;
        settle(entry, toOutcome(output, tasks, i, entries.length, startedAt - entry.enqueuedAt));
      });
    } catch (cause) {
      for (const entry of entries) settle(entry, cause as Error);
    }
  }

  /** In a worker that is free; what it took teaches the student's speed. @param priorMs the manifest's p50 of its texts, added up. */
  private async run(student: Timed, batch: TextBatch, priorMs: number): Promise<BatchOutput> {
    const startedAt = performance.now();
    const expectedMs = this.speeds.workMs(student, priorMs) + this.speeds.overheadMs();
    const running = { endsAt: startedAt + expectedMs };
    this.running.add(running);
    try {
      const output = await this.options.runner.run(batch, student.candidate ? patienceMs(expectedMs) : undefined);
      const { tokenizeMs } = output;
      const workedMs = tokenizeMs + inferMsOf(output);
      this.speeds.batchDone(student, { priorMs, workedMs, tokenizeMs, tookMs: performance.now() - startedAt });
      // The live student's series are read as the work of that version alone.
      if (!student.candidate) this.options.metrics.batchDone(student.manifest.name, output, this.speeds.ratio(student));
      return output;
    } finally {
      this.running.delete(running);
    }
  }

  private noteLanguages(entries: readonly Entry[], { languages }: BatchOutput): void {
    const perItem = must(entries[0]).texts.length;
    languages?.forEach((code, text) => {
      const { tasks, student } = must(entries[Math.floor(text / perItem)]).request.group;
      for (const task of tasks) this.options.drift.languageSeen(student.id, task, code);
    });
  }
}

/** A candidate that hangs may hold up a worker, and a canary's request, for no longer than this. */
function patienceMs(expectedMs: number): number {
  return 2000 + 20 * expectedMs;
}

function toTextBatch(entries: readonly Entry[], tokenBudget: number, asksLanguages: boolean): TextBatch {
  const { student, input } = must(entries[0]).request.group;
  const tasks = new Set<string>();
  const texts: string[] = [];
  for (const entry of entries) {
    for (const task of entry.request.group.tasks) tasks.add(task);
    for (const text of entry.texts) texts.push(text);
  }
  return { ...studentOf(student), input, tasks: [...tasks], texts, tokenBudget, asksLanguages };
}

function studentOf({ id, members }: Timed): Pick<TextBatch, "studentId" | "members"> {
  return { studentId: id, ...(members && { members }) };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += of(item);
  return total;
}
