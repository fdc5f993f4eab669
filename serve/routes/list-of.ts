import { z } from "zod";
import { must } from "../../src/invariant.ts";
import { toSchema } from "../openapi/schema.ts";

/**
 * Lists and records of a request, read up to their first fault. A body may hold half a million wrong items, and zod alone would make
 * an issue of each before it counts them. In the document they are what zod's own would be.
 */

/** A list of anything; what bounds its length is checked before its items are read. */
export const anyList = z.array(z.unknown());

/** @param list bounds of its length. @default any */
export function listOf<T>(item: z.ZodType<T>, list: typeof anyList = anyList) {
  return list
    .meta({ items: toSchema(item, "input") })
    .transform((values, context) => readUpToFault(item, values.entries(), context).map(([, value]) => value));
}

export function recordOf<T>(item: z.ZodType<T>) {
  return z
    .record(z.string(), z.unknown())
    .meta({ additionalProperties: toSchema(item, "input") })
    .transform((values, context) => Object.fromEntries(readUpToFault(item, Object.entries(values), context)));
}

function readUpToFault<T, Key extends string | number>(
  item: z.ZodType<T>,
  entries: Iterable<readonly [Key, unknown]>,
  context: Pick<z.core.$RefinementCtx, "addIssue">,
): [Key, T][] {
  const read: [Key, T][] = [];
  for (const [key, value] of entries) {
    const parsed = item.safeParse(value);
    if (!parsed.success) {
      const { message, path } = must(parsed.error.issues[0]);
      context.addIssue({ code: "custom", message, path: [key, ...path] });
      break;
    }
    read.push([key, parsed.data]);
  }
  return read;
}
