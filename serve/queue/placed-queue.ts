import { must } from "../../src/invariant.ts";

/** Has a place in a queue: the smallest goes first. */
export interface Placed {
  readonly place: number;
}

/** Entries in the order of their places, first come first served among equals. Mostly they come in order, and are put last. */
export class PlacedQueue<T extends Placed> {
  private entries: T[] = [];
  private first = 0;

  get length(): number {
    return this.entries.length - this.first;
  }

  head(): T | undefined {
    return this.entries[this.first];
  }

  push(entry: T): void {
    let at = this.entries.length;
    while (at > this.first && must(this.entries[at - 1]).place > entry.place) at--;
    if (at === this.entries.length) this.entries.push(entry);
    else this.entries.splice(at, 0, entry);
  }

  shift(): T {
    const entry = must(this.entries[this.first++], "an entry");
    if (this.first > 64 && this.first * 2 > this.entries.length) {
      this.entries = this.entries.slice(this.first);
      this.first = 0;
    }
    return entry;
  }

  /** Takes out all entries that the test is true for. */
  remove(test: (entry: T) => boolean): T[] {
    const waiting = this.entries.slice(this.first);
    this.entries = waiting.filter((entry) => !test(entry));
    this.first = 0;
    return waiting.filter(test);
  }

  *[Symbol.iterator](): Generator<T> {
    for (let i = this.first; i < this.entries.length; i++) yield must(this.entries[i]);
  }
}
