import { expect, test } from "vitest";
import { checkLearnable } from "../../../search/corpus/check-learnable.ts";
import { loadCorpus } from "../../../search/corpus/load.ts";
import { ConfigError } from "../../../src/errors.ts";
import { dataFolder, declaring } from "./data-folder.ts";

const limits = { labelledPerLanguage: 5, languagePerLanguage: 5, poolPerLanguage: 5 };
const columns = ["split", "lang", "label", "text"];

/** Two rows of a task in a split, one a label. */
function rowsIn(split: string): string[][] {
  return ["0", "1"].map((label) => [split, "en", label, `${split} ${label}`]);
}

/** Checks what a folder teaches a task that it declares. @returns what is said. */
function check(splits: readonly string[], declared: object = {}): Promise<string[]> {
  const set = { name: "desk", task: "tickets", columns, rows: splits.flatMap(rowsIn) };
  return checked(declaring([{ name: "tickets", labels: ["login", "billing"], ...declared }], set), "tickets");
}

async function checked(folder: string, task: string): Promise<string[]> {
  const lines: string[] = [];
  checkLearnable(await loadCorpus([folder], { seed: 1, limits, tasks: [task] }), (line) => lines.push(line));
  return lines;
}

test("checkLearnable() refuses a task without rows to learn from, and names splits that nobody knows", async () => {
  await expect(check(["Train", "val", "test"])).rejects.toBeInstanceOf(ConfigError);
  await expect(check(["Train", "val", "test"])).rejects.toThrow(
    'tickets: these data have no rows to learn from: nothing is learned from the split "Train": known are train, val, ',
  );
  await expect(check(["val", "test"], { beside: "filter" })).rejects.toThrow(
    "tickets: these data have no rows to learn from, only ones to judge by",
  );
  expect(await check(["train", "val", "test"])).toEqual([]);
});

test("checkLearnable() has a word on a task without rows to judge by, and on splits that would have been some", async () => {
  const unjudged =
    "tickets · no rows to judge by (split val, or validationShare): no scores, and probabilities are not calibrated";
  expect(await check(["train", "test"])).toEqual([unjudged]);
  expect(await check(["train", "valid"])).toEqual([
    unjudged,
    expect.stringMatching(/^desk · .* split "valid": known are/),
  ]);
});

test("checkLearnable() has a word on a set that adds nothing to what others teach, but for one that is to judge by", async () => {
  const folder = dataFolder(
    { name: "mood", task: "sentiment", columns, rows: rowsIn("training") },
    { name: "suite", task: "sentiment", columns, rows: [...rowsIn("val"), ...rowsIn("test")] },
  );
  expect(await checked(folder, "sentiment")).toEqual([
    'mood · nothing is learned from the split "training": known are train, val, validation, dev, lexicon',
  ]);
});
