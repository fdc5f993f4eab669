import { UnavailableError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import type { Outcome } from "./outcome.ts";
import { PlacedQueue } from "./placed-queue.ts";
import { Places } from "./places.ts";
import { ShedError } from "./shed-error.ts";
import type { Speeds, Timed } from "./speeds.ts";
import { type BatchLimits, LateError, takeBatch } from "./take-batch.ts";

/** Items of one request that one student answers. */
export interface Group {
  readonly student: Timed;
  readonly input: "text" | "pair";
  readonly tasks: readonly string[];
  readonly items: readonly Item[];
  readonly client: Client;
  /** When the answers must be there, by `performance.now()`. @default never too late */
  readonly deadline?: number;
}

export interface Item {
  /** One text, or source and target. */
  readonly texts: readonly string[];
  /** Guessed tokens of all its texts. */
  readonly tokens: number;
  /** The manifest's p50 of its texts, added up. */
  readonly priorMs: number;
  /** Place that it had when it was asked of another student. @default behind its client's others */
  readonly place?: number;
}

/** Who asks. */
export interface Client {
  /** Turns true when nobody waits for the answer any more. */
  readonly aborted: boolean;
  /** Whom the workers' time is shared with fairly: an API key or an address. @default all without one share a turn */
  readonly key?: string;
  /** By which a correction may name the reply. @default none will */
  readonly requestId?: string;
}

/** A request's items on their way. */
interface Request {
  readonly group: Group;
  readonly outcomes: (Outcome | Error)[];
  left: number;
  readonly done: (outcomes: (Outcome | Error)[]) => void;
}

export interface Entry extends Item {
  readonly request: Request;
  readonly index: number;
  readonly place: number;
  readonly costMs: number;
  readonly deadline: number;
  readonly enqueuedAt: number;
}

/**
 * Items that wait for a worker: a queue for each student and kind of input, in fair places. Bounded; when it is full, a
 * client that holds more than its share makes room for others. An item that leaves without being taken is settled.
 */
export class WaitingItems {
  /** Empty queues are removed. */
  private readonly queues = new Map<string, PlacedQueue<Entry>>();
  private readonly places = new Places();
  /** Items of each client. */
  private readonly perClient = new Map<string, number>();
  private readonly speeds: Speeds;
  private readonly limit: number;
  private readonly abandoned: (items: number) => void;
  private count = 0;
  private sumMs = 0;

  /** @param options `abandoned` is told of items whose client left before their turn. */
  constructor(options: {
    readonly speeds: Speeds;
    readonly limit: number;
    readonly abandoned: (items: number) => void;
  }) {
    this.speeds = options.speeds;
    this.limit = options.limit;
    this.abandoned = options.abandoned;
  }

  get length(): number {
    return this.count;
  }

  /** Expected work of all of them. */
  get workMs(): number {
    return this.sumMs;
  }

  /** Expected work of what stands before this client's next item. */
  aheadMs(client: Client): number {
    const key = keyOf(client);
    if (this.perClient.size === 0 || (this.perClient.size === 1 && this.perClient.has(key))) return this.sumMs;
    const place = this.places.next(key);
    let total = 0;
    for (const queue of this.queues.values())
      for (const entry of queue) if (entry.place <= place) total += entry.costMs;
    return total;
  }

  /** @throws {ShedError} when not all of them find a place. */
  add(group: Group, retrySeconds: () => number): Promise<(Outcome | Error)[]> {
    this.admit(group, retrySeconds);
    const key = queueKey(group);
    const queue = this.queues.get(key) ?? new PlacedQueue<Entry>();
    this.queues.set(key, queue);
    return new Promise((done) => {
      const request: Request = { group, outcomes: [], left: group.items.length, done };
      const enqueuedAt = performance.now();
      group.items.forEach((item, index) => {
        queue.push(this.toEntry(item, index, request, enqueuedAt));
      });
    });
  }

  private toEntry(item: Item, index: number, request: Request, enqueuedAt: number): Entry {
    const { student, client, deadline = Number.POSITIVE_INFINITY } = request.group;
    const { texts, tokens, priorMs } = item;
    const costMs = this.speeds.workMs(student, priorMs);
    const place = this.placeOf(item, keyOf(client), costMs);
    this.note(client, 1, costMs);
    return { texts, tokens, priorMs, request, index, place, costMs, deadline, enqueuedAt };
  }

  /** A place that was kept may be of a time before all had been served: now it would be behind everybody who comes. */
  private placeOf({ place }: Item, client: string, costMs: number): number {
    return place !== undefined && place <= this.places.next(client) ? place : this.places.take(client, costMs);
  }

  private note(client: Client, items: 1 | -1, costMs: number): void {
    this.count += items;
    this.sumMs = this.count === 0 ? 0 : this.sumMs + items * costMs;
    const key = keyOf(client);
    const now = (this.perClient.get(key) ?? 0) + items;
    if (now === 0) this.perClient.delete(key);
    else this.perClient.set(key, now);
    if (this.count === 0) this.places.clear();
  }

  private admit({ items, client }: Group, retrySeconds: () => number): void {
    const isFull = () => this.count + items.length > this.limit;
    if (isFull()) for (const queue of this.queues.values()) this.rejectAbandoned(queue.remove(isAbandoned));
    if (isFull()) this.evict(this.findRoom(keyOf(client), items.length), retrySeconds);
    this.removeEmpty();
    if (!isFull()) return;
    throw new ShedError("queue_full", `${this.count} of ${this.limit} places in the queue are taken`, retrySeconds());
  }

  /**
   * The newest requests of the clients with most items, as many as make room for one that would still have fewer than they; none where not
   * enough of them can go: nobody loses a place to who does not get one.
   */
  private findRoom(client: string, items: number): ReadonlySet<Request> {
    const held = new Map(this.perClient);
    const wanted = (held.get(client) ?? 0) + items;
    const going = new Set<Request>();
    for (let missing = this.count + items - this.limit; missing > 0; ) {
      const [most, count] = [...held].reduce((a, b) => (b[1] > a[1] ? b : a), ["", 0]);
      if (count <= wanted) return new Set();
      const { request, left } = this.newestOf(most, going);
      going.add(request);
      held.set(most, count - left);
      missing -= left;
    }
    return going;
  }

  /** A client's newest request but for others of it, and how many of its items wait: some may be with a worker. */
  private newestOf(client: string, others: ReadonlySet<Request>): { readonly request: Request; readonly left: number } {
    let newest: Entry | undefined;
    for (const queue of this.queues.values())
      for (const entry of queue) {
        const isOther = keyOf(entry.request.group.client) !== client || others.has(entry.request);
        if (!isOther && entry.place >= (newest?.place ?? 0)) newest = entry;
      }
    const { request } = must(newest);
    const queue = must(this.queues.get(queueKey(request.group)));
    return { request, left: [...queue].filter((entry) => entry.request === request).length };
  }

  private evict(going: ReadonlySet<Request>, retrySeconds: () => number): void {
    // An error's stack takes longer to make than all else here.
    if (going.size === 0) return;
    const message = "its place in the queue went to a client that has fewer";
    const cause = new ShedError("queue_full", message, retrySeconds());
    for (const queue of this.queues.values())
      for (const entry of queue.remove(({ request }) => going.has(request))) this.reject(entry, cause);
  }

  /**
   * The entry whose place comes first among those whose student has a worker free.
   * @param idle free workers of a student; undefined when no worker will ever have it again.
   */
  next(idle: (studentId: string) => number | undefined): { key: string; student: Timed; idle: number } | undefined {
    let best: { key: string; student: Timed; idle: number; place: number } | undefined;
    for (const [key, queue] of [...this.queues]) {
      const { place, request } = must(queue.head());
      const free = idle(request.group.student.id);
      if (free === undefined) this.rejectQueue(key, queue);
      else if (free > 0 && place < (best?.place ?? Number.POSITIVE_INFINITY))
        best = { key, student: request.group.student, idle: free, place };
    }
    return best;
  }

  /** Entries of a queue that can start together, none when those that waited were late or their clients had left. */
  take(key: string, limits: BatchLimits): Entry[] {
    const queue = must(this.queues.get(key));
    const { batch, late, abandoned: gone } = takeBatch(queue, limits, isAbandoned);
    if (queue.length === 0) this.queues.delete(key);
    this.rejectAbandoned(gone);
    for (const entry of late) this.reject(entry, new LateError(entry.place));
    for (const entry of batch) {
      this.places.served(entry.place);
      this.note(entry.request.group.client, -1, entry.costMs);
    }
    return batch;
  }

  private rejectQueue(key: string, queue: PlacedQueue<Entry>): void {
    this.queues.delete(key);
    const cause = new UnavailableError("no worker has this student any more; try again");
    for (const entry of queue) this.reject(entry, cause);
  }

  private rejectAbandoned(gone: readonly Entry[]): void {
    // An error's stack takes longer to make than all else here.
    if (gone.length === 0) return;
    this.abandoned(gone.length);
    const cause = new UnavailableError("the client left");
    for (const entry of gone) this.reject(entry, cause);
  }

  private reject(entry: Entry, cause: Error): void {
    this.note(entry.request.group.client, -1, entry.costMs);
    settle(entry, cause);
  }

  private removeEmpty(): void {
    for (const [key, queue] of this.queues) if (queue.length === 0) this.queues.delete(key);
  }
}

/** The request's promise comes true with its last item. */
export function settle({ request, index }: Entry, outcome: Outcome | Error): void {
  request.outcomes[index] = outcome;
  if (--request.left === 0) request.done(request.outcomes);
}

function isAbandoned(entry: Entry): boolean {
  return entry.request.group.client.aborted;
}

function keyOf({ key = "" }: Client): string {
  return key;
}

/** Who was asked along with other members of the same student's ensemble is answered apart: its answers are remembered as of that time. */
function queueKey({ student: { id, members = [] }, input }: Group): string {
  return [id, input, ...members].join(" ");
}
