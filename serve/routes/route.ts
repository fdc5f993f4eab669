import type { IncomingMessage, ServerResponse } from "node:http";
import type { z } from "zod";
import type { App } from "../app.ts";
import type { ErrorShape } from "../http/error-reply.ts";
import type { KeyPlaces } from "../security/credential.ts";
import type { Scope } from "../security/scope.ts";

export type Parameters = Readonly<Record<string, string>>;

/** A route that is answered before Express sees the request. It throws; `app.ts` replies to what it threw. */
export interface HotRoute {
  /** GET answers HEAD too. */
  readonly method: "GET" | "POST" | "DELETE";
  /** `/v2/models/{model}`: a segment in braces takes any text, and is handed to `answer` by its name, decoded. */
  readonly path: string;
  readonly scope: Scope;
  /** Where this API's own clients put their key, besides the places that all routes read. */
  readonly keyIn?: KeyPlaces;
  readonly describe: RouteDescription;
  /** How the imitated API tells failures, refused keys and methods included. @default RFC 9457 */
  readonly errors?: ErrorShape;
  answer(app: App, req: IncomingMessage, res: ServerResponse, parameters: Parameters): Promise<void> | void;
}

/** What the OpenAPI document says of a route. `request` is the schema that parses the body, not a copy of it. */
export interface RouteDescription {
  readonly tag: string;
  readonly summary: string;
  /** @default no body */
  readonly request?: z.ZodType;
  /** @default application/json */
  readonly requestTypes?: readonly string[];
  /** Query and header fields, all optional text. */
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  /** Of what is sent with the statuses of `responses`. @default application/json */
  readonly responseType?: string;
  /** Bodies by status, failures left out: those are `errors`' for the statuses in `failures`. */
  readonly responses: Readonly<Record<number, z.ZodType>>;
  readonly failures: readonly number[];
}

/** What is said of a route, whoever answers it. */
export type DescribedRoute = Omit<HotRoute, "answer">;
