/**
 * Fair places between clients, by start-time fair queueing (Goyal, Vin and Cheng 1996): a virtual clock shows the place
 * that is served now, and every item of a client starts where the client's one before it ended. A client that asks for
 * much is thus overtaken by those that ask for little; a single client is served in the order of its requests.
 */
export class Places {
  private clock = 0;
  private readonly ends = new Map<string, number>();

  /** Where this client's next item would stand. */
  next(client: string): number {
    return Math.max(this.clock, this.ends.get(client) ?? 0);
  }

  /** The place of an item that takes `costMs`. */
  take(client: string, costMs: number): number {
    const place = this.next(client);
    this.ends.set(client, place + costMs);
    return place;
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
