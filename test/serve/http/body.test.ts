import { expect, test } from "vitest";
import { z } from "zod";
import { parseBody, parseJson } from "../../../serve/http/body.ts";

function refusalOf(schema: z.ZodType, body: unknown): string {
  try {
    parseBody(schema, body);
  } catch (cause) {
    return (cause as Error).message;
  }
  return "none";
}

test("parseBody() names the first ten faults of a body, and how many more there are", () => {
  const message = refusalOf(z.array(z.string()), Array(100_000).fill(5));
  expect(message.split("; ")).toHaveLength(10);
  expect(message).toMatch(/^0: .*; 9: .* and 99990 more$/);
  expect(refusalOf(z.array(z.string()), Array(10).fill(5))).not.toContain("more");
});

test("parseBody() names the first ten unknown fields, and how many more there are", () => {
  const fields = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f${i}`, 1]));
  expect(refusalOf(z.strictObject({}), fields)).toMatch(/^unknown field f0, .*, f9 and 990 more$/);
});

test("parseJson() reads a body that begins with the mark of its byte order", () => {
  expect(parseJson('\uFEFF{"inputs": "good"}')).toEqual({ inputs: "good" });
  expect(() => parseJson("\uFEFF\uFEFF{}")).toThrow("the body is not JSON");
});
