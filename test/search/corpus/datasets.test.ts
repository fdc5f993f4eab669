import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readDataSets } from "../../../search/corpus/datasets.ts";
import { BadFileError } from "../../../src/errors.ts";
import { dataFolder, emptyFolder } from "./data-folder.ts";

const columns = ["split", "lang", "label", "text"];
const set = { name: "tiny", task: "sentiment", columns, rows: [["train", "en", "2", "Good."]] };

test("readDataSets() reads what an entry declares", async () => {
  const [read] = await readDataSets(dataFolder(set));
  expect(read).toMatchObject({ name: "tiny", task: "sentiment", file: "tiny.tsv.gz", columns, licence: "CC0-1.0" });
});

test("readDataSets() names the file when the folder is not there", async () => {
  await expect(readDataSets("/no/such/folder")).rejects.toThrow("/no/such/folder/datasets.json: cannot be read");
  await expect(readDataSets("/no/such/folder")).rejects.toBeInstanceOf(BadFileError);
});

test("readDataSets() refuses what is no JSON, or no list", async () => {
  const folder = emptyFolder();
  for (const text of ["{", "{}", "[]"]) {
    writeFileSync(join(folder, "datasets.json"), text);
    await expect(readDataSets(folder)).rejects.toBeInstanceOf(BadFileError);
  }
});

test("readDataSets() names the column that a set lacks", async () => {
  await expect(readDataSets(dataFolder({ ...set, columns: ["lang", "label"] }))).rejects.toThrow(
    "lacks the column text",
  );
  const pairs = { ...set, columns: ["source", "target", "score"] };
  await expect(readDataSets(dataFolder(pairs))).rejects.toThrow("lacks the column src_lang, tgt_lang");
  await expect(readDataSets(dataFolder({ ...set, labelColumn: "mood" }))).rejects.toThrow("lacks the column mood");
});

test("readDataSets() refuses a path out of the folder", async () => {
  await expect(readDataSets(dataFolder({ ...set, file: "../tiny.tsv.gz" }))).rejects.toThrow("below the folder");
  await expect(readDataSets(dataFolder({ ...set, file: "/etc/tiny.tsv" }))).rejects.toThrow("below the folder");
});

test("readDataSets() refuses two sets of one name", async () => {
  await expect(readDataSets(dataFolder(set, set))).rejects.toThrow("two sets are named tiny");
});
