import { z } from "zod";

/** A search that control began: what it takes to go on with it after anything. */
export const SearchRecord = z.strictObject({
  id: z.string(),
  /** Flags of `npm run search`; the same ones resume it. */
  args: z.array(z.string()),
  status: z.enum(["running", "finished", "failed"]),
  startedAtMs: z.number(),
  endedAtMs: z.number().nullable(),
  /** Its process, and when that started by the system's count: a number is given to another process some day. */
  process: z.strictObject({ pid: z.int().positive(), startedTicks: z.number().nullable() }).nullable(),
  /** Times in a row that it ended without being asked to. */
  crashes: z.int().nonnegative(),
  said: z.string(),
  /** It failed before, and goes on as it was begun. */
  again: z.boolean().default(false),
});
export type SearchRecord = Readonly<z.infer<typeof SearchRecord>>;
