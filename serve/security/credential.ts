import type { IncomingMessage } from "node:http";
import { queryOf } from "../http/query.ts";

/** Where an API's own clients put their key, besides the places that all routes read. */
export interface KeyPlaces {
  readonly header?: string;
  readonly query?: string;
  /** A field of the body: the route then lets the request in by itself, with `access.admitBody`, once it has read it. */
  readonly body?: string;
}

/** The key that a request shows: as a bearer token, in X-API-Key, or where the imitated API has it. */
export function credentialOf(req: IncomingMessage, places: KeyPlaces = {}): string | undefined {
  const { authorization } = req.headers;
  if (authorization !== undefined && /^bearer /i.test(authorization)) return authorization.slice(7).trim();
  return (
    headerOf(req, "x-api-key") ??
    (places.header && headerOf(req, places.header)) ??
    (places.query && (queryOf(req).get(places.query) ?? undefined))
  );
}

function headerOf(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name.toLowerCase()];
  return typeof value === "string" ? value : undefined;
}
