import type { Feeds, Session } from "./session.ts";

/** Inputs that a graph takes: a head over pairs that was made before there were surface features takes none of those. */
export function takenBy({ inputNames }: Pick<Session, "inputNames">, feeds: Feeds): Feeds {
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => inputNames.includes(name)));
}
