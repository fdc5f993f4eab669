import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readTeacher } from "../../../search/teacher/teacher.ts";
import { runToEnd } from "../../e2e/command-line.ts";
import { writeTinyTeacher } from "../../fixtures/tiny-teacher.ts";
import { tinyVocabulary } from "../../fixtures/tiny-tokenizer.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-import-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const from = join(root, "from");
writeTinyTeacher(from, { kind: "xlm-roberta", layers: 1 });

const importTo = (to: string, source = from) =>
  runToEnd("search/teacher/import-main.ts", ["--from", source, "--to", to, "--pieces", "150"]);

test("npm run teacher:import writes a trimmed teacher, and another time keeps the card of the one that it replaces", async () => {
  const home = join(root, "home");
  mkdirSync(home);
  const to = join(home, "teacher");
  const first = await importTo(`${to}/`);
  expect(first.stderr).toBe("");
  expect(readTeacher(to).architecture.vocabulary).toBeLessThan(tinyVocabulary().length);
  writeFileSync(join(to, "card.md"), "what it is");
  // As a kill between the two renames leaves it.
  renameSync(to, `${to}.kdnas-replaced`);
  expect((await importTo(to)).code).toBe(0);
  expect(readFileSync(join(to, "card.md"), "utf8")).toBe("what it is");
  expect(readdirSync(home)).toEqual(["teacher"]);
}, 120_000);

test("npm run teacher:import refuses a folder that holds something else, and leaves it as it is", async () => {
  const other = join(root, "other");
  mkdirSync(other);
  writeFileSync(join(other, "config.json"), "{}");
  const { code, stderr } = await importTo(other);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/^error: --to .*other holds no teacher/)]);
  expect(readdirSync(other)).toEqual(["config.json"]);
}, 60_000);

test("npm run teacher:import trims a teacher in its own folder, also after a kill between the two renames", async () => {
  const home = join(root, "own");
  mkdirSync(home);
  const own = join(home, "teacher");
  writeTinyTeacher(own, { kind: "xlm-roberta", layers: 1 });
  renameSync(own, `${own}.kdnas-replaced`);
  const { code, stderr } = await importTo(own, own);
  expect([code, stderr]).toEqual([0, ""]);
  expect(readTeacher(own).architecture.vocabulary).toBeLessThan(tinyVocabulary().length);
  expect(readdirSync(home)).toEqual(["teacher"]);
}, 60_000);
