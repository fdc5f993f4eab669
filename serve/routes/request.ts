import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { InvalidInputError } from "../../src/errors.ts";
import type { Client } from "../queue/waiting-items.ts";
import { callerOf } from "../security/access.ts";

/** What all routes that texts come by read from a request besides its body. */

export const LatencyBudgetMs = z.number().positive().max(3_600_000);

/** Headers are text, so that the document says of this one what its text is like: a decimal number above 0. */
const BudgetHeader = z.string().regex(/^(?!0+(\.0+)?$)\d{1,7}(\.\d{1,6})?$/);

/** As the documentation shows them; they are read by `budgetOf`. */
export const budgetHeaders = z.object({ "X-Latency-Budget-Ms": BudgetHeader.optional() });

/** Ways to fail that all routes over texts have. */
export const textFailures = [400, 404, 413, 415, 429, 500, 503] as const;

/** @throws {InvalidInputError} */
export function budgetOf(req: IncomingMessage): number | undefined {
  const header = req.headers["x-latency-budget-ms"];
  if (header === undefined) return undefined;
  const parsed = BudgetHeader.safeParse(header);
  if (parsed.success) return Number(parsed.data);
  throw new InvalidInputError("X-Latency-Budget-Ms: expected a number of milliseconds above 0");
}

/** Turns aborted when the connection is gone, without a listener for every request. */
export function clientOf(res: ServerResponse): Client {
  return {
    key: callerOf(res.req)?.id ?? "",
    requestId: String(res.getHeader("x-request-id")),
    get aborted() {
      return res.destroyed;
    },
  };
}
