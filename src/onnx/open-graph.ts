import { readFileSync } from "node:fs";
import { liftTables } from "./lift-tables.ts";
import { openLifted } from "./lifted-session.ts";
import type { Session, SessionOptions } from "./session.ts";

/** Opens a student's graph from its file or its bytes as it is served, its token table outside of the session. */
export function openGraph(model: string | Uint8Array, options: SessionOptions): Promise<Session> {
  return openLifted(liftTables(typeof model === "string" ? readFileSync(model) : model), options);
}
