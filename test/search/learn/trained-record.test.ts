import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Candidate } from "../../../search/complete/export-candidate.ts";
import { dropTrained, keepTrained, keptTrained } from "../../../search/learn/trained-record.ts";
import { BadFileError } from "../../../src/errors.ts";
import { must } from "../../../src/invariant.ts";
import { writeTinyStudent } from "../../fixtures/tiny-student.ts";

/** A run's folder with a student that it has finished. */
function finished(): { run: string; candidate: Candidate } {
  const run = mkdtempSync(join(tmpdir(), "kdnas-trained-record-"));
  onTestFinished(() => rmSync(run, { recursive: true, force: true }));
  const folder = join(run, "student");
  const manifest = writeTinyStudent(folder, { name: "made", layers: 0 });
  return { run, candidate: { manifest, files: { folder, names: Object.keys(manifest.files) } } };
}

test("keptTrained() gives the command that was killed what it had trained, with a word on it, and no other", () => {
  const { run, candidate } = finished();
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

test("keptTrained() reads a record of before it said what failed", () => {
  const { run, candidate } = finished();
  writeFileSync(join(run, "trained.json"), JSON.stringify({ settings: "a", folders: [candidate.files.folder] }));
  expect(keptTrained(run, "a", () => {})).toMatchObject({ trained: [{ manifest: candidate.manifest }], failed: [] });
  dropTrained(run);
});

test("keptTrained() names a record that cannot be read", () => {
  const { run } = finished();
  const path = join(run, "trained.json");
  writeFileSync(path, "{");
  const read = () => keptTrained(run, "a", () => {});
  expect(read).toThrow(BadFileError);
  expect(read).toThrow(path);
  dropTrained(run);
  expect(existsSync(path)).toBe(false);
});
