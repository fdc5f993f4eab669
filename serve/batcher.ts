import { OverloadedError, UnavailableError } from "../src/errors.ts";
import { must } from "../src/invariant.ts";
import type { Metrics } from "./metrics.ts";
import type { Runner } from "./runner.ts";
import type { BatchOutput, TextBatch } from "./student-batch.ts";

/**
 * Dynamic batching: an item starts at once while a worker is free, there is no timer; items that come while all are busy
 * wait, and the next free worker takes as many of one student as its token budget holds. Sorting by length is the
 * worker's, which knows the exact lengths. The queue is bounded, and every item settles.
 */
export interface Batcher {
  /**
   * One promise an item. Items whose client has left before their turn are dropped, and reject.
   * @throws {OverloadedError} when the queue cannot hold all of them; none is then taken.
   */
  submit(group: Group): Promise<Outcome>[];
  /** Items that wait. */
  depth(): number;
  /** Expected time until everything that waits or runs is done, ms. */
  backlogMs(): number;
}

/** Items of one request that one student answers. */
export interface Group {
  readonly student: { readonly id: string; readonly name: string };
  readonly input: "text" | "pair";
  readonly tasks: readonly string[];
  readonly items: readonly Item[];
  readonly client: Client;
}

export interface Item {
  /** One text, or source and target. */
  readonly texts: readonly string[];
  /** Guessed tokens of all its texts. */
  readonly tokens: number;
  /** Predicted time in the worker, ms. */
  readonly costMs: number;
}

/** `aborted` turns true when nobody waits for the answer any more. */
export interface Client {
  readonly aborted: boolean;
}

export interface Outcome {
  /** Logits of each task. */
  readonly logits: Readonly<Record<string, Float32Array>>;
  readonly tokens: number;
  readonly truncated: boolean;
  readonly queueMs: number;
  /** Time of the whole batch: what the item waited for. */
  readonly tokenizeMs: number;
  readonly inferMs: number;
}

export interface BatcherOptions {
  readonly runner: Runner;
  readonly metrics: Metrics;
  /** Items that may wait. */
  readonly queueLimit: number;
  /** Tokens of one pass through a student; a batch takes about as many. */
  readonly batchTokens: number;
}

interface Entry extends Item {
  readonly group: Group;
  readonly enqueuedAt: number;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (cause: Error) => void;
}

export function createBatcher(options: BatcherOptions): Batcher {
  return new QueueBatcher(options);
}

class QueueBatcher implements Batcher {
  private readonly options: BatcherOptions;
  /** A queue for each student and kind of input, oldest entry first; empty ones are removed. */
  private readonly queues = new Map<string, Entry[]>();
  private waiting = 0;
  /** Predicted time of all that waits or runs. */
  private pendingMs = 0;

  constructor(options: BatcherOptions) {
    this.options = options;
    options.runner.onIdle = () => this.pump();
    options.metrics.observeQueue({ depth: () => this.waiting, limit: options.queueLimit });
  }

  depth(): number {
    return this.waiting;
  }

  backlogMs(): number {
    return this.pendingMs / this.options.runner.size;
  }

  submit(group: Group): Promise<Outcome>[] {
    this.admit(group.items.length);
    const key = `${group.student.id} ${group.input}`;
    const queue = this.queues.get(key) ?? [];
    this.queues.set(key, queue);
    const enqueuedAt = performance.now();
    const outcomes = group.items.map(
      (item) =>
        new Promise<Outcome>((resolve, reject) => {
          queue.push({ ...item, group, enqueuedAt, resolve, reject });
        }),
    );
    this.waiting += group.items.length;
    this.pendingMs += sum(group.items, (item) => item.costMs);
    this.pump();
    return outcomes;
  }

  private admit(items: number): void {
    const { queueLimit, metrics } = this.options;
    if (this.waiting + items > queueLimit) this.dropAbandoned();
    if (this.waiting + items <= queueLimit) return;
    metrics.shed("queue_full", items);
    throw new OverloadedError(
      `${this.waiting} of ${queueLimit} places in the queue are taken`,
      Math.max(1, Math.ceil(this.backlogMs() / 1000)),
    );
  }

  private dropAbandoned(): void {
    for (const [key, queue] of this.queues) this.replaceQueue(key, this.withoutAbandoned(queue));
  }

  /** Starts batches while there are threads for them, the student whose item has waited longest first. */
  private pump(): void {
    for (;;) {
      const next = this.nextQueue();
      if (next === undefined) return;
      const entries = this.takeBatch(next.key, next.idle);
      if (entries.length > 0) void this.runBatch(entries);
    }
  }

  private nextQueue(): { key: string; idle: number } | undefined {
    let best: { key: string; idle: number; enqueuedAt: number } | undefined;
    for (const [key, queue] of this.queues) {
      const head = must(queue[0]);
      const idle = this.options.runner.idle(head.group.student.id);
      if (idle === 0 && !this.options.runner.serves(head.group.student.id)) this.rejectQueue(key, queue);
      else if (idle > 0 && head.enqueuedAt < (best?.enqueuedAt ?? Number.POSITIVE_INFINITY))
        best = { key, idle, enqueuedAt: head.enqueuedAt };
    }
    return best;
  }

  /** The oldest entries, up to the token budget; when several threads are idle, each gets its share. */
  private takeBatch(key: string, idle: number): Entry[] {
    const queue = this.withoutAbandoned(must(this.queues.get(key)));
    const share = idle > 1 ? Math.ceil(sum(queue, (entry) => entry.tokens) / idle) : Number.POSITIVE_INFINITY;
    const budget = Math.min(this.options.batchTokens, share);
    let tokens = 0;
    let taken = 0;
    while (taken < queue.length && (taken === 0 || tokens + must(queue[taken]).tokens <= budget))
      tokens += must(queue[taken++]).tokens;
    const entries = queue.slice(0, taken);
    this.waiting -= taken;
    this.replaceQueue(key, queue.slice(taken));
    return entries;
  }

  private async runBatch(entries: readonly Entry[]): Promise<void> {
    const startedAt = performance.now();
    try {
      const output = await this.options.runner.run(toTextBatch(entries, this.options.batchTokens));
      this.options.metrics.batchDone(must(entries[0]).group.student.name, output);
      entries.forEach((entry, i) => {
        entry.resolve(toOutcome(entry, i, entries.length, output, startedAt));
      });
    } catch (cause) {
      for (const entry of entries) entry.reject(cause as Error);
    } finally {
      this.pendingMs -= sum(entries, (entry) => entry.costMs);
    }
  }

  private withoutAbandoned(queue: readonly Entry[]): Entry[] {
    const gone = queue.filter((entry) => entry.group.client.aborted);
    if (gone.length === 0) return queue as Entry[];
    this.options.metrics.shed("client_left", gone.length);
    this.rejectEntries(gone, new UnavailableError("the client left"));
    return queue.filter((entry) => !entry.group.client.aborted);
  }

  private rejectQueue(key: string, queue: readonly Entry[]): void {
    this.rejectEntries(queue, new UnavailableError("no worker has this student any more; try again"));
    this.queues.delete(key);
  }

  private rejectEntries(entries: readonly Entry[], cause: Error): void {
    this.waiting -= entries.length;
    this.pendingMs -= sum(entries, (entry) => entry.costMs);
    for (const entry of entries) entry.reject(cause);
  }

  private replaceQueue(key: string, queue: Entry[]): void {
    if (queue.length === 0) this.queues.delete(key);
    else this.queues.set(key, queue);
  }
}

function toTextBatch(entries: readonly Entry[], tokenBudget: number): TextBatch {
  const { student, input } = must(entries[0]).group;
  const tasks = [...new Set(entries.flatMap((entry) => entry.group.tasks))];
  return { studentId: student.id, input, tasks, texts: entries.flatMap((entry) => entry.texts), tokenBudget };
}

function toOutcome(entry: Entry, index: number, items: number, output: BatchOutput, startedAt: number): Outcome {
  const perItem = output.tokens.length / items;
  const texts = Array.from({ length: perItem }, (_, i) => index * perItem + i);
  return {
    logits: Object.fromEntries(entry.group.tasks.map((task) => [task, rowOf(must(output.logits[task]), index, items)])),
    tokens: sum(texts, (text) => must(output.tokens[text])),
    truncated: texts.some((text) => output.truncated[text] === 1),
    queueMs: startedAt - entry.enqueuedAt,
    tokenizeMs: output.tokenizeMs,
    inferMs: sum(output.passes, (pass) => pass.inferMs),
  };
}

function rowOf(logits: Float32Array, row: number, rows: number): Float32Array {
  const width = logits.length / rows;
  return logits.subarray(row * width, (row + 1) * width);
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += of(item);
  return total;
}
