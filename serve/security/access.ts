import type { IncomingMessage, ServerResponse } from "node:http";
import { BadFileError, ConfigError } from "../../src/errors.ts";
import type { Config } from "../config.ts";
import { ForbiddenError, RateLimitedError, UnauthorizedError } from "../http/http-errors.ts";
import type { Log } from "../log.ts";
import { addressOf, isFromOtherSite, isFromThisMachine, isLoopback, networkOf } from "./address.ts";
import { credentialOf, type KeyPlaces } from "./credential.ts";
import type { KeyRecord } from "./key-file.ts";
import { type KeyRing, openKeyRing } from "./key-ring.ts";
import { createRateLimiter } from "./rate-limit.ts";
import type { Scope } from "./scope.ts";

/** Who may ask for what, and how often. */
export interface Access {
  /** Without a key file every route is open, but admin calls come from programs on this machine only, and no corrections from pages of other sites. */
  readonly open: boolean;
  /**
   * Lets a request pass, or throws; routes without a scope let all pass.
   * @throws {UnauthorizedError | ForbiddenError | RateLimitedError}
   */
  admit(req: IncomingMessage, res: ServerResponse, route: Guarded): void;
  /** As `admit`, for a route with `keyIn.body`: `admit` lets those pass that show no key elsewhere, for this to see. */
  admitBody(req: IncomingMessage, res: ServerResponse, route: Guarded, body: unknown): void;
  close(): void;
}

export interface Guarded {
  readonly scope: Scope;
  readonly keyIn?: KeyPlaces | undefined;
}

export interface Caller {
  /** The key's name; undefined when there is none. */
  readonly key: string | undefined;
  /** Whom limits and turns are counted for: the key's id, or else the network of the address. */
  readonly id: string;
  /** Whether the key has the scope admin. */
  readonly admin: boolean;
}

/** @throws {ConfigError} when the key file cannot be read. */
export function createAccess(config: Config, log: Log): Access {
  const ring = openRing(config, log);
  const limiter = createRateLimiter();
  const { keyRequestsPerMinute, addressRequestsPerMinute, trustedProxies } = config;
  if (ring === undefined && !isLoopback(config.host)) log.warn(openWarning(config.host));

  const admitKey = (req: IncomingMessage, res: ServerResponse, { scope }: Guarded, secret: string | undefined) => {
    const key = secret === undefined ? undefined : ring?.find(secret);
    const caller = callerFor(key, req, trustedProxies);
    callers.set(req, caller);
    const limit = key === undefined ? addressRequestsPerMinute : (key.requestsPerMinute ?? keyRequestsPerMinute);
    if (limit > 0) count(res, limit, limiter.take(caller.id, limit, performance.now()));
    if (ring === undefined) checkOpen(req, scope);
    else checkKey(key, scope, secret);
  };
  return {
    open: ring === undefined,
    admit: (req, res, route) => {
      if (route.scope === null) return;
      const secret = credentialOf(req, route.keyIn);
      if (secret !== undefined || route.keyIn?.body === undefined) admitKey(req, res, route, secret);
    },
    admitBody: (req, res, route, body) => {
      if (!callers.has(req)) admitKey(req, res, route, fieldOf(body, route.keyIn?.body));
    },
    close: () => ring?.close(),
  };
}

/** Of a request that was let in by a route with a scope. */
export function callerOf(req: IncomingMessage): Caller | undefined {
  return callers.get(req);
}

/** Whose request it is, for a line of the log: the key's name, where it came with one. */
export function byOf(req: IncomingMessage): { readonly key?: string } {
  const key = callerOf(req)?.key;
  return key === undefined ? {} : { key };
}

const callers = new WeakMap<IncomingMessage, Caller>();

function openRing({ keysFile, pollSeconds }: Config, log: Log): KeyRing | undefined {
  if (keysFile === "") return undefined;
  try {
    return openKeyRing(keysFile, pollSeconds, log);
  } catch (cause) {
    if (cause instanceof BadFileError) throw new ConfigError(`KDNAS_KEYS_FILE: ${cause.message}`, { cause });
    throw cause;
  }
}

function openWarning(host: string): string {
  return (
    `no API keys, and ${host} can be reached from other machines: whoever reaches it may ask for predictions and metrics. ` +
    "Set KDNAS_KEYS_FILE, or let only trusted machines through; KDNAS_REQUIRE_KEYS=true refuses to start like this"
  );
}

function fieldOf(body: unknown, name = ""): string | undefined {
  const value = (body as Readonly<Record<string, unknown>> | null)?.[name];
  return typeof value === "string" ? value : undefined;
}

function callerFor(key: KeyRecord | undefined, req: IncomingMessage, trustedProxies: number): Caller {
  if (key !== undefined) return { key: key.name, id: key.id, admin: key.scopes.includes("admin") };
  return { key: undefined, id: networkOf(addressOf(req, trustedProxies)), admin: false };
}

function checkOpen(req: IncomingMessage, scope: Scope): void {
  if (scope === "admin" && !isFromThisMachine(req))
    throw new ForbiddenError("without API keys, admin calls are answered to programs on the same machine only");
  // A page may send here what it cannot read the answer to, and searches learn from it.
  if (scope === "feedback" && isFromOtherSite(req))
    throw new ForbiddenError("without API keys, no corrections are taken from pages of other sites");
}

function checkKey(key: KeyRecord | undefined, scope: Scope, secret: string | undefined): void {
  if (key === undefined)
    throw new UnauthorizedError(secret === undefined ? "an API key is needed" : "this API key is not valid");
  if (scope !== null && !key.scopes.includes(scope)) throw new ForbiddenError(`this API key lacks the scope ${scope}`);
}

/** Headers of draft-ietf-httpapi-ratelimit-headers-10. */
function count(res: ServerResponse, limit: number, verdict: ReturnType<ReturnType<typeof createRateLimiter>["take"]>) {
  const seconds = Math.max(1, Math.ceil(verdict.waitMs / 1000));
  res.setHeader("ratelimit-policy", `"minute";q=${limit};w=60`);
  res.setHeader("ratelimit", `"minute";r=${verdict.remaining};t=${seconds}`);
  if (!verdict.admitted) throw new RateLimitedError(`${limit} requests a minute are allowed`, seconds);
}
