import { z } from "zod";

/** JSON Schema of draft 2020-12, which OpenAPI 3.1 speaks; a type that JSON has not is left open. */
export function toSchema(schema: z.ZodType, io: "input" | "output"): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}
