import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readFlags } from "../../../search/command/command.ts";
import { searchCommand, toSearchConfig } from "../../../search/config.ts";
import { givenArchitectures, makesStatics, tryGiven, winnersOf } from "../../../search/explore/given-architectures.ts";
import { openJournal } from "../../../search/explore/journal.ts";
import { prepare } from "../../../search/prepare.ts";
import { architectureName } from "../../../src/contract/architecture.ts";
import { ConfigError } from "../../../src/errors.ts";
import { e5Small as teacher } from "../../fixtures/e5-small.ts";
import { writeTinyTeacher } from "../../fixtures/tiny-teacher.ts";
import { failedTrial, runEach, syntheticTrial } from "../synthetic-trials.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-given-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function configOf(...args: string[]) {
  return toSearchConfig(readFlags(searchCommand, args, {}));
}

test.each([
  [[], true],
  [["--architectures", "2x128-ffn128-h4-gelu-e128,static-e64", "--budgets", "0.1,3"], true],
  [["--architectures", "2x128-ffn128-h4-gelu-e128", "--budgets", "3"], false],
])("makesStatics() with %j is %s", (flags, expected) => {
  expect(makesStatics(configOf(...flags))).toBe(expected);
});

test("toSearchConfig() pairs --architectures with --budgets, in rising order", () => {
  const config = configOf("--budgets", "3,0.1", "--architectures", "2x128-ffn128-h4-gelu-e128,static-e64");
  expect(config.budgetsMs).toEqual([0.1, 3]);
  expect(config.architectures).toEqual(["static-e64", "2x128-ffn128-h4-gelu-e128"]);
});

test.each([
  ["static-e64", /one for each of the 2 budgets, not 1/],
  ["static-e64,3x5", /"3x5" is none/],
])("toSearchConfig() refuses --architectures %s", (given, message) => {
  expect(() => configOf("--budgets", "0.1,1", "--architectures", given)).toThrow(message);
});

test("givenArchitectures() takes what can be distilled from the teacher, copies of many of its layers among it", () => {
  const architectures = ["static-e384", "6x312-ffn312-h12-relu-e256", "8x384-ffn1536-h12-gelu-e256"];
  expect(givenArchitectures({ architectures }, teacher)?.map(architectureName)).toEqual(architectures);
  expect(givenArchitectures({ architectures: null }, teacher)).toBe(null);
});

test.each([
  ["static-e512", /a wider token table than the teacher, which is 384 wide/],
  ["static-e250", /a token table whose width is no multiple of 4/],
  ["2x312-ffn312-h12-relu-e75", /a token table whose width is no multiple of 4/],
  ["13x384-ffn1536-h12-gelu-e256", /more layers than the teacher, which has 12/],
  ["7x312-ffn312-h12-relu-e256", /more than 6 layers, and is not as wide as the teacher/],
])("givenArchitectures() refuses %s under that teacher", (name, message) => {
  const given = () => givenArchitectures({ architectures: ["static-e64", name] }, teacher);
  expect(given).toThrow(ConfigError);
  expect(given).toThrow(message);
});

test("prepare() refuses what its teacher cannot teach before it reads any data", async () => {
  const folder = join(root, "teacher");
  writeTinyTeacher(folder, { kind: "xlm-roberta", hidden: 16 });
  const flags = ["--teacher", folder, "--data", join(root, "nowhere"), "--budgets", "1"];
  const preparing = prepare(configOf(...flags, "--architectures", "static-e64"), () => {});
  await expect(preparing).rejects.toThrow("--architectures: static-e64 has a wider token table than the teacher");
});

test("tryGiven() runs a trial of each, once, and winnersOf() takes them for their budgets, with a word on one that is too slow", async () => {
  const names = ["static-e64", "static-e64", "6x384-ffn1536-h12-gelu-e256", "1x128-ffn128-h4-gelu-e128"];
  const config = {
    ...configOf("--budgets", "0.1,0.2,0.3,1", "--architectures", names.join()),
    runs: root,
    id: "given",
  };
  const journal = openJournal(join(root, "given.jsonl"), "given", {});
  const lines: string[] = [];
  const trials = await tryGiven(names, 1000, {
    config,
    journal,
    log: (line) => lines.push(line),
    run: runEach((a) => (a.hidden === 128 ? failedTrial(a) : syntheticTrial(a))),
  });
  journal.close();
  expect(trials.map(({ architecture }) => architectureName(architecture))).toEqual([...new Set(names)]);
  const winners = winnersOf(trials, config, (line) => lines.push(line));
  expect(winners.map(({ trial }) => trial && architectureName(trial.architecture))).toEqual([
    ...names.slice(0, 3),
    null,
  ]);
  expect(lines).toContainEqual(expect.stringMatching(/^0\.3 ms · 6x384-.* more than this budget$/));
});
