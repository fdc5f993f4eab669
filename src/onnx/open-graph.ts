import { readFileSync } from "node:fs";
import { asGraphOf } from "./graph-parts.ts";
import { type LiftedGraph, liftTables } from "./lift-tables.ts";
import { openLifted } from "./lifted-session.ts";
import type { Session, SessionOptions } from "./session.ts";

/** Opens a student's graph from its file or its bytes as it is served, its token table outside of the session. @throws {BadFileError} */
export async function openGraph(model: string | Uint8Array, options: SessionOptions): Promise<Session> {
  return await openLifted(typeof model === "string" ? readLifted(model) : liftTables(model), options);
}

/** The graph in a file, its token table taken out of it. @throws {BadFileError} when there is something else in it, or a part. */
export function readLifted(path: string): LiftedGraph {
  const model = readFileSync(path);
  return asGraphOf(path, () => liftTables(model));
}
