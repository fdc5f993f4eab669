import { expect, test } from "vitest";
import { z } from "zod";
import { toSchema } from "../../../serve/openapi/schema.ts";
import { anyList, listOf, recordOf } from "../../../serve/routes/list-of.ts";

/** How many items are looked at, and what is wrong. */
function readBy(toList: (item: z.ZodType<string>) => z.ZodType, value: unknown) {
  let read = 0;
  const item = z.custom<string>((one) => {
    read++;
    return typeof one === "string";
  }, "expected a text");
  const { error } = toList(item).safeParse(value);
  return [read, error?.issues.map(({ path, message }) => [...path, message])];
}

test("listOf() and recordOf() read no further than the first wrong item, and name it", () => {
  const items = ["a", 1, ...Array(1000).fill(2)];
  expect(readBy((item) => listOf(item), items)).toEqual([2, [[1, "expected a text"]]]);
  expect(readBy(recordOf, { a: "a", b: 1, c: 2 })).toEqual([2, [["b", "expected a text"]]]);
});

test("listOf() counts its items before it reads them", () => {
  const [read, faults] = readBy((item) => listOf(item, anyList.max(2)), ["a", "b", "c"]);
  expect([read, (faults as unknown[]).length]).toEqual([0, 1]);
});

test("listOf() and recordOf() give what their items become", () => {
  const length = z.string().transform((text) => text.length);
  expect(listOf(length).parse(["a", "bc"])).toEqual([1, 2]);
  expect(recordOf(length).parse({ a: "a", b: "bc" })).toEqual({ a: 1, b: 2 });
});

test("listOf() and recordOf() are in the document what lists and records of zod's own are", () => {
  const item = z.object({ text: z.string(), places: z.array(z.int().min(0)).min(1).max(2) });
  const ours = z.object({ text: z.string(), places: listOf(z.int().min(0), anyList.min(1).max(2)) });
  expect(toSchema(listOf(ours, anyList.min(1)), "input")).toEqual(toSchema(z.array(item).min(1), "input"));
  expect(toSchema(recordOf(ours), "input")).toEqual(toSchema(z.record(z.string(), item), "input"));
});
