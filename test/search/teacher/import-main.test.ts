import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { readTeacher } from "../../../search/teacher/teacher.ts";
import { writeTinyTeacher } from "../../fixtures/tiny-teacher.ts";
import { tinyVocabulary } from "../../fixtures/tiny-tokenizer.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-import-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const from = join(root, "from");
writeTinyTeacher(from, { kind: "xlm-roberta", layers: 1 });

function importTo(to: string, source = from) {
  const main = fileURLToPath(new URL("../../../search/teacher/import-main.ts", import.meta.url));
  const flags = ["--from", source, "--to", to, "--pieces", "150"];
  return spawnSync(process.execPath, ["--import", "tsx", main, ...flags], { encoding: "utf8" });
}

test("npm run teacher:import writes a trimmed teacher, and another time keeps the card of the one that it replaces", () => {
  const home = join(root, "home");
  mkdirSync(home);
  const to = join(home, "teacher");
  const first = importTo(`${to}/`);
  expect(first.stderr).toBe("");
  expect(readTeacher(to).architecture.vocabulary).toBeLessThan(tinyVocabulary().length);
  writeFileSync(join(to, "card.md"), "what it is");
  // As a kill between the two renames leaves it.
  renameSync(to, `${to}.kdnas-replaced`);
  expect(importTo(to).status).toBe(0);
  expect(readFileSync(join(to, "card.md"), "utf8")).toBe("what it is");
  expect(readdirSync(home)).toEqual(["teacher"]);
}, 120_000);

test("npm run teacher:import refuses a folder that holds something else, and leaves it as it is", () => {
  const other = join(root, "other");
  mkdirSync(other);
  writeFileSync(join(other, "config.json"), "{}");
  const { status, stderr } = importTo(other);
  expect([status, stderr]).toEqual([2, expect.stringMatching(/^error: --to .*other holds no teacher/)]);
  expect(readdirSync(other)).toEqual(["config.json"]);
}, 60_000);

test("npm run teacher:import trims a teacher in its own folder, also after a kill between the two renames", () => {
  const home = join(root, "own");
  mkdirSync(home);
  const own = join(home, "teacher");
  writeTinyTeacher(own, { kind: "xlm-roberta", layers: 1 });
  renameSync(own, `${own}.kdnas-replaced`);
  const { status, stderr } = importTo(own, own);
  expect([status, stderr]).toEqual([0, ""]);
  expect(readTeacher(own).architecture.vocabulary).toBeLessThan(tinyVocabulary().length);
  expect(readdirSync(home)).toEqual(["teacher"]);
}, 60_000);
