import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { dropTrained, keepTrained, keptTrained } from "../../../search/learn/trained-record.ts";
import { BadFileError } from "../../../src/errors.ts";
import { makeStudent } from "../made-student.ts";

let made: Awaited<ReturnType<typeof makeStudent>>;

beforeAll(async () => {
  made = await makeStudent();
  return () => made.remove();
});

test("keptTrained() gives the command that was killed what it had trained, with a word on it, and no other", async () => {
  const { folder: run, candidate } = await made.finished();
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  expect(keptTrained(run, "a", log)).toBe(null);
  keepTrained(run, "a", [candidate]);
  const [kept] = keptTrained(run, "a", log) ?? [];
  expect(kept?.files.folder).toBe(candidate.files.folder);
  expect(kept?.manifest).toEqual(candidate.manifest);
  expect(keptTrained(run, "b", log)).toBe(null);
  dropTrained(run);
  expect(keptTrained(run, "a", log)).toBe(null);
  expect(lines).toEqual([`made · taken up as the same command had trained them (${join(run, "trained.json")})`]);
});

test("keptTrained() names a record that cannot be read", async () => {
  const { folder } = await made.finished();
  const path = join(folder, "trained.json");
  writeFileSync(path, "{");
  const read = () => keptTrained(folder, "a", () => {});
  expect(read).toThrow(BadFileError);
  expect(read).toThrow(path);
  dropTrained(folder);
  expect(existsSync(path)).toBe(false);
});
