import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Nothing that could end a line, fill a disk or be read as markup somewhere. */
const sane = /^[\w.:-]{1,128}$/;

/** The id that a proxy or client has given the request, so that its logs and ours can be joined; else a new one. */
export function requestIdOf(req: IncomingMessage): string {
  const given = req.headers["x-request-id"];
  return typeof given === "string" && sane.test(given) ? given : randomUUID();
}
