import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dataStamp } from "../../../search/corpus/data-stamp.ts";
import { dataFolder, emptyFolder } from "./data-folder.ts";

const set = {
  name: "mini",
  task: "sentiment",
  columns: ["split", "lang", "label", "text"],
  rows: [["train", "en", "2", "a very good movie"]],
};

test("dataStamp() is the same as long as the data are, and another once rows or what is said of them changed", async () => {
  const folder = dataFolder(set);
  const first = await dataStamp([folder]);
  expect(first).toMatch(/^[0-9a-f]{12}$/);
  expect(await dataStamp([folder])).toBe(first);
  appendFileSync(join(folder, "mini.tsv.gz"), "x");
  const second = await dataStamp([folder]);
  const path = join(folder, "datasets.json");
  writeFileSync(path, readFileSync(path, "utf8").replace("made for a test", "made for this test"));
  const third = await dataStamp([folder]);
  expect(new Set([first, second, third, await dataStamp([])]).size).toBe(4);
});

test("dataStamp() names a folder that holds no data", async () => {
  const folder = emptyFolder();
  await expect(dataStamp([folder])).rejects.toThrow(folder);
});
