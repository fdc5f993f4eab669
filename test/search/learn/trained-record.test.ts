import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { dropTrained, keepTrained, keptTrained } from "../../../search/learn/trained-record.ts";
import { BadFileError } from "../../../src/errors.ts";
import { must } from "../../../src/invariant.ts";
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
  keepTrained(run, "a", { trained: [candidate], failed: ["two"] });
  const { trained, failed } = must(keptTrained(run, "a", log));
  expect(trained.map(({ files }) => files.folder)).toEqual([candidate.files.folder]);
  expect(trained[0]?.manifest).toEqual(candidate.manifest);
  expect(failed).toEqual(["two"]);
  expect(keptTrained(run, "b", log)).toBe(null);
  dropTrained(run);
  expect(keptTrained(run, "a", log)).toBe(null);
  expect(lines).toEqual([`made · taken up as the same command had trained them (${join(run, "trained.json")})`]);
});

test("keptTrained() reads a record of before it said what failed", async () => {
  const { folder: run, candidate } = await made.finished();
  writeFileSync(join(run, "trained.json"), JSON.stringify({ settings: "a", folders: [candidate.files.folder] }));
  expect(keptTrained(run, "a", () => {})).toMatchObject({ trained: [{ manifest: candidate.manifest }], failed: [] });
  dropTrained(run);
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
