import type { z } from "zod";

/** A field that may be left out, or be null: so many clients write one that is not set, and proto3's JSON and Rust's Option read it so. */
export function unset<Schema extends z.ZodType>(schema: Schema) {
  return schema.nullish().transform((value) => value ?? undefined);
}
