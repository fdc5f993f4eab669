import { type Feeds, type Session, Tensor } from "../onnx/session.ts";
import { surfaceWidth } from "./surface-features.ts";

/** What texts of pairs look like, one below the other: [pairs, surfaceWidth]. */
export function surfaceRows(pairs: readonly Float32Array[]): Tensor {
  const rows = new Float32Array(pairs.length * surfaceWidth);
  for (const [i, surface] of pairs.entries()) rows.set(surface, i * surfaceWidth);
  return new Tensor("float32", rows, [pairs.length, surfaceWidth]);
}

/** Inputs that a graph takes: a head over pairs that was made before there were surface features takes none. */
export function takenBy({ inputNames }: Pick<Session, "inputNames">, feeds: Feeds): Feeds {
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => inputNames.includes(name)));
}
