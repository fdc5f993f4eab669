import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { z } from "zod";
import { BadFileError } from "../../src/errors.ts";
import { checkedJson, fromJson, readJson, readOwnJson } from "../../src/json-file.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-json-"));
afterAll(() => rmSync(root, { recursive: true }));

const Student = z.strictObject({ name: z.string(), layers: z.int().default(2) });

function fileOf(text: string): string {
  const path = join(root, "student.json");
  writeFileSync(path, text);
  return path;
}

function errorOf(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return error;
  }
}

test.each([readJson, readOwnJson])("%o gives what the schema makes of a file", (read) => {
  expect(read(fileOf('{"name":"one"}'), Student, "no student")).toEqual({ name: "one", layers: 2 });
});

test.each([readJson, readOwnJson])("%o reads a file that begins with the mark of its byte order", (read) => {
  expect(read(fileOf('\uFEFF{"name":"one","layers":3}'), Student, "no student").layers).toBe(3);
});

test.each([
  ["missing", () => join(root, "nowhere.json"), /nowhere\.json: no student: ENOENT/],
  ["no JSON", () => fileOf("{"), /student\.json: no student: .*JSON/],
  ["of another shape", () => fileOf('{"name":1}'), /student\.json: no student: .*name/s],
])("readJson() says the path, what was wanted and the reason when a file is %s", (_, make, message) => {
  const error = errorOf(() => readJson(make(), Student, "no student"));
  expect(error).toBeInstanceOf(BadFileError);
  expect(error).toMatchObject({ message: expect.stringMatching(message), cause: expect.any(Error) });
});

test("readOwnJson() leaves the reason to the cause", () => {
  const path = fileOf('{"name":1}');
  const error = errorOf(() => readOwnJson(path, Student, "no student; remove it"));
  expect(error).toBeInstanceOf(BadFileError);
  expect(error).toMatchObject({ message: `${path}: no student; remove it`, cause: expect.any(z.ZodError) });
});

test("checkedJson() names the place that its text is from", () => {
  expect(checkedJson("trials:1", '{"name":"one"}', Student, "damaged line").name).toBe("one");
  expect(() => checkedJson("trials:2", '{"name":', Student, "damaged line")).toThrow(/^trials:2: damaged line: .*JSON/);
});

test("fromJson() leaves it to the caller whose fault a text is", () => {
  expect(() => fromJson("{", Student)).toThrow(SyntaxError);
  expect(() => fromJson("{}", Student)).toThrow(z.ZodError);
});
