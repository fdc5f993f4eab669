import { createRandom, type Random } from "../../src/random.ts";

/** A uniform sample of at most `size` items of a stream (Vitter's algorithm R). */
export class Reservoir<T> {
  readonly items: T[] = [];
  readonly #size: number;
  readonly #random: Random;
  #seen = 0;

  constructor(size: number, random: Random) {
    this.#size = size;
    this.#random = random;
  }

  offer(item: T): void {
    this.#seen++;
    if (this.items.length < this.#size) this.items.push(item);
    else {
      const at = this.#random.int(this.#seen);
      if (at < this.#size) this.items[at] = item;
    }
  }
}

/** A generator of its own for each purpose, so that a change in one sample leaves the others as they were. */
export function randomFor(seed: number, purpose: string): Random {
  let hash = seed | 0;
  for (let i = 0; i < purpose.length; i++) hash = Math.imul(hash ^ purpose.charCodeAt(i), 0x01000193) ^ (hash >>> 15);
  return createRandom(hash);
}
