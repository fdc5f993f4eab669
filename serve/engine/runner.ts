import { UnavailableError } from "../../src/errors.ts";
import { invariant } from "../../src/invariant.ts";
import type { Log } from "../log.ts";
import type { BatchOutput, SharedStudent, TextBatch } from "./student-batch.ts";
import { Thread } from "./thread.ts";

/**
 * Threads that run students, one batch each at a time. `run()` of the runtime holds the thread it is called from, so
 * the event loop of the server never calls it: tokenising and inference happen over there, in one core each.
 */
export interface Runner {
  readonly size: number;
  /** Threads that could start a batch of this student at once. */
  idle(studentId: string): number;
  /** Whether a thread has this student, or may have it once it is up again. */
  serves(studentId: string): boolean;
  /**
   * @param timeoutMs after which the thread is given up, where it is less than that of all batches.
   * @throws {UnavailableError} when the thread is lost amid it. @throws {ModelFailedError} when the student fails.
   */
  run(batch: TextBatch, timeoutMs?: number): Promise<BatchOutput>;
  /**
   * Loads a student in every thread, one after another while others serve. A thread that is lost meanwhile loads it when it is
   * up again. @throws {BadStudentError | UnavailableError}; then no thread has it.
   */
  load(student: SharedStudent): Promise<void>;
  unload(id: string): Promise<void>;
  health(): RunnerHealth;
  /** Called whenever a thread has become free. */
  onIdle: () => void;
  /** Ends the threads when what they run is done. */
  close(): Promise<void>;
}

export interface RunnerHealth {
  /** Threads that can be given work. */
  readonly up: number;
  /** How long there has been none, ms. */
  readonly downMs: number;
  /** Threads that were lost since the start. */
  readonly lost: number;
  /** Threads that were given up and still hold a core, since a run cannot be ended from outside. */
  readonly stuck: number;
}

export interface RunnerOptions {
  readonly workers: number;
  readonly runTimeoutMs: number;
  readonly log: Log;
  /** @default the thread of `engine-worker.ts` */
  readonly entry?: URL;
}

interface Slot {
  thread: Thread;
  /** Ids of the students that this thread has. */
  loaded: Set<string>;
  starting: boolean;
  /** Restarts in a row after which the thread did not last. */
  restarts: number;
  startedMs: number;
}

/** A thread that lasted this long was sound: its end is no part of a crash loop. */
const soundMs = 10_000;
/** Pause before a new thread tries again what it could not load; it doubles, up to the longest. */
const firstRetryMs = 1000;
const longestRetryMs = 60_000;

const standardEntry = new URL(
  import.meta.url.endsWith(".ts") ? "./engine-worker.ts" : "./engine-worker.js",
  import.meta.url,
);

export function createRunner(options: RunnerOptions): Runner {
  return new ThreadRunner(options);
}

class ThreadRunner implements Runner {
  onIdle: () => void = () => {};
  private readonly options: RunnerOptions;
  private readonly slots: Slot[];
  /** Students that a new thread has to load. */
  private readonly students = new Map<string, SharedStudent>();
  private readonly stuck = new Set<Thread>();
  /** Since when no thread is up. */
  private downSinceMs: number | undefined;
  private lost = 0;
  private closed = false;

  constructor(options: RunnerOptions) {
    this.options = options;
    this.slots = Array.from({ length: options.workers }, () => this.newSlot());
  }

  get size(): number {
    return this.slots.length;
  }

  idle(studentId: string): number {
    let idle = 0;
    for (const slot of this.slots) if (isIdle(slot, studentId)) idle++;
    return idle;
  }

  serves(studentId: string): boolean {
    return this.slots.some((slot) => slot.starting || slot.loaded.has(studentId));
  }

  async run(batch: TextBatch, timeoutMs = Number.POSITIVE_INFINITY): Promise<BatchOutput> {
    const slot = this.slots.find((s) => isIdle(s, batch.studentId));
    invariant(slot, "run() without an idle thread");
    try {
      return await slot.thread.run(batch, Math.min(timeoutMs, this.options.runTimeoutMs));
    } finally {
      queueMicrotask(this.onIdle);
    }
  }

  async load(student: SharedStudent): Promise<void> {
    const serving = this.students.size > 0;
    this.students.set(student.id, student);
    try {
      if (serving) for (const slot of this.slots) await loadUnlessLost(slot, student);
      else await allOrFirstFailure(this.slots.map((slot) => loadUnlessLost(slot, student)));
      if (!this.slots.some((slot) => slot.loaded.has(student.id)))
        throw new UnavailableError("every worker was lost while it loaded the student");
    } catch (cause) {
      await this.unload(student.id);
      throw cause;
    } finally {
      this.onIdle();
    }
  }

  async unload(id: string): Promise<void> {
    this.students.delete(id);
    await Promise.allSettled(this.slots.filter((slot) => slot.loaded.delete(id)).map((slot) => slot.thread.unload(id)));
    this.onIdle();
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all(this.slots.map((slot) => slot.thread.close()));
  }

  health(): RunnerHealth {
    const up = this.slots.filter((slot) => !slot.starting).length;
    const downMs = this.downSinceMs === undefined ? 0 : performance.now() - this.downSinceMs;
    return { up, downMs, lost: this.lost, stuck: this.stuck.size };
  }

  private newSlot(): Slot {
    const fresh = { loaded: new Set<string>(), starting: false, restarts: 0, startedMs: performance.now() };
    const slot = fresh as Omit<Slot, "thread"> as Slot;
    slot.thread = this.newThread(slot);
    return slot;
  }

  private newThread(slot: Slot): Thread {
    const thread = new Thread(this.options.entry ?? standardEntry, (reason) => {
      if (this.closed) return;
      this.lost++;
      this.options.log.error(`a worker was lost, another takes its place: ${reason}`);
      this.watchUntilGone(thread);
      void this.restart(slot);
    });
    return thread;
  }

  private watchUntilGone(thread: Thread): void {
    this.stuck.add(thread);
    void thread.gone.then(() => this.stuck.delete(thread));
  }

  /** Replaces a slot's thread, after a pause that doubles while threads keep dying. */
  private async restart(slot: Slot): Promise<void> {
    slot.starting = true;
    slot.loaded = new Set();
    if (this.slots.every(({ starting }) => starting)) this.downSinceMs ??= performance.now();
    if (performance.now() - slot.startedMs >= soundMs) slot.restarts = 0;
    await new Promise((resolve) => setTimeout(resolve, pauseMs(slot.restarts++)));
    if (this.closed) return;
    const thread = this.newThread(slot);
    Object.assign(slot, { thread, startedMs: performance.now() });
    const missing = await this.loadAll(slot, this.students.values());
    // It may have died meanwhile, and another may be on its way.
    if (slot.thread !== thread || thread.isDead) return;
    slot.starting = false;
    this.downSinceMs = undefined;
    this.onIdle();
    if (missing.length > 0) this.retryLater(slot, missing);
  }

  /** @returns those that could not be loaded: the thread serves the others. */
  private async loadAll(slot: Slot, students: Iterable<SharedStudent>): Promise<SharedStudent[]> {
    const missing: SharedStudent[] = [];
    for (const student of students) {
      if (slot.thread.isDead) break;
      await loadInto(slot, student).catch((cause: Error) => {
        missing.push(student);
        if (this.closed) return;
        this.options.log.error(`a new worker could not load ${student.manifest.name}: ${cause.message}`);
      });
      // It may have been unloaded everywhere else meanwhile.
      if (!this.students.has(student.id)) await this.unload(student.id);
    }
    return missing;
  }

  /** What was loaded once is sound: a new thread was short of something, such as memory, that it may have later. */
  private retryLater(slot: Slot, missing: readonly SharedStudent[], afterMs = firstRetryMs): void {
    const { thread } = slot;
    // Whoever takes the place of a thread that died loads all anew.
    const isOver = () => this.closed || slot.thread !== thread || thread.isDead;
    const retry = async () => {
      if (isOver()) return;
      const wanted = missing.filter(({ id }) => this.students.has(id));
      const left = await this.loadAll(slot, wanted);
      this.onIdle();
      if (left.length > 0 && !isOver()) this.retryLater(slot, left, Math.min(longestRetryMs, 2 * afterMs));
    };
    setTimeout(() => void retry(), afterMs).unref();
  }
}

/** Waits for all, so that a student which failed in one thread is not still on its way into another. */
async function allOrFirstFailure(loads: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(loads);
  await Promise.all(loads);
}

async function loadInto(slot: Slot, student: SharedStudent): Promise<void> {
  if (slot.loaded.has(student.id)) return;
  await slot.thread.load(student);
  slot.loaded.add(student.id);
}

/** A thread that is lost on the way loads every student when it is up again. */
async function loadUnlessLost(slot: Slot, student: SharedStudent): Promise<void> {
  if (slot.starting) return;
  try {
    await loadInto(slot, student);
  } catch (cause) {
    if (!(cause instanceof UnavailableError)) throw cause;
  }
}

/** A thread that is starting may lack members of an ensemble: the student would answer alone, and be remembered so. */
function isIdle(slot: Slot, studentId: string): boolean {
  return !slot.starting && slot.thread.outstanding === 0 && slot.loaded.has(studentId);
}

function pauseMs(restarts: number): number {
  return restarts === 0 ? 0 : Math.min(5000, 50 * 2 ** restarts);
}
