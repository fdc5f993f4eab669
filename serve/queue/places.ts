/** Clients that are remembered, since an overload from many addresses may last; who is forgotten starts at the clock. */
const mostClients = 10_000;

/**
 * Fair places between clients, by start-time fair queueing (Goyal, Vin and Cheng 1996): a virtual clock shows the place
 * that is served now, and every item of a client starts where the client's one before it ended. A client that asks for
 * much is thus overtaken by those that ask for little; a single client is served in the order of its requests.
 */
export class Places {
  private clock = 0;
  /** The client that has not asked for longest comes first. */
  private readonly ends = new Map<string, number>();

  /** Clients that are remembered. */
  get size(): number {
    return this.ends.size;
  }

  /** Where this client's next item would stand. */
  next(client: string): number {
    return Math.max(this.clock, this.ends.get(client) ?? 0);
  }

  /** The place of an item that takes `costMs`. */
  take(client: string, costMs: number): number {
    const place = this.next(client);
    this.ends.delete(client);
    if (this.ends.size >= mostClients) this.forgetHalf();
    this.ends.set(client, place + costMs);
    return place;
  }

  /** Half of them at once, since finding the first one among many that were removed takes time. */
  private forgetHalf(): void {
    let left = this.ends.size >> 1;
    for (const client of this.ends.keys()) {
      if (left-- <= 0) return;
      this.ends.delete(client);
    }
  }

  /** The item at this place is served. */
  served(place: number): void {
    if (place > this.clock) this.clock = place;
  }

  /** Nothing waits any more, so nobody can be overtaken. */
  clear(): void {
    this.clock = 0;
    this.ends.clear();
  }
}
