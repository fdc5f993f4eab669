import type { Server, ServerOptions } from "node:http";
import type { Config } from "../config.ts";

type Limits = Pick<
  Config,
  "requestTimeoutSeconds" | "headersTimeoutSeconds" | "headerLimitBytes" | "maxConnections" | "drainSeconds"
>;

/** Against clients that hold connections without asking for anything: late headers, late bodies, large headers. */
export function socketOptions(limits: Limits): ServerOptions {
  const requestTimeout = limits.requestTimeoutSeconds * 1000;
  const headersTimeout = Math.min(limits.headersTimeoutSeconds * 1000, requestTimeout);
  return {
    requestTimeout,
    headersTimeout,
    maxHeaderSize: limits.headerLimitBytes,
    // Longer than the minute that load balancers keep theirs, so that it is never us who closes one under a request.
    keepAliveTimeout: 72_000,
    // How exactly the two limits are kept; Node's own half minute would add itself to every limit.
    connectionsCheckingInterval: Math.min(1000, headersTimeout / 4),
  };
}

/** How many connections at once: each holds memory and a file. */
export function limitConnections(server: Server, { maxConnections }: Limits): void {
  server.maxConnections = maxConnections;
}
