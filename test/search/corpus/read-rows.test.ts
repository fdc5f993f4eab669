import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { type DataSet, readDataFolder } from "../../../search/corpus/datasets.ts";
import { type Row, readRows } from "../../../search/corpus/read-rows.ts";
import { BadFileError } from "../../../src/errors.ts";
import { dataFolder, type TinySet } from "./data-folder.ts";

const columns = ["split", "lang", "label", "note", "text"];
const rows = [
  ["train", "en", "2", "x", "Good."],
  ["val", "ja", "0", "", "だめです。"],
];
const set: TinySet = { name: "tiny", task: "sentiment", columns, rows };

async function readAll(folder: string, change: Partial<DataSet> = {}): Promise<Row[]> {
  const {
    dataSets: [read],
  } = await readDataFolder(folder);
  const all: Row[] = [];
  for await (const batch of readRows(folder, { ...(read as DataSet), ...change })) all.push(...batch);
  return all;
}

test("readRows() yields each row with its line", async () => {
  expect(await readAll(dataFolder(set))).toEqual([
    { split: "train", language: "en", label: "2", text: "Good.", dataSet: "tiny", line: 2 },
    { split: "val", language: "ja", label: "0", text: "だめです。", dataSet: "tiny", line: 3 },
  ]);
});

test("readRows() reads pairs, their languages joined", async () => {
  const pairs = ["split", "src_lang", "tgt_lang", "score", "source", "target"];
  const folder = dataFolder({
    ...set,
    task: "pairs",
    columns: pairs,
    rows: [["train", "en", "de", "-0.3", "Hi", "Hallo"]],
  });
  expect((await readAll(folder))[0]).toMatchObject({ language: "en-de", label: "-0.3", text: "Hi", pair: "Hallo" });
});

test.each([
  ["", /tiny\.tsv\.gz:2: empty lang$/],
  ["English", /:2: "English" is no language code such as en/],
  ["en_US", /:2: "en_US" is no language code/],
])("readRows() refuses %j for a language", async (code, message) => {
  await expect(readAll(dataFolder({ ...set, rows: [["train", code, "2", "x", "Good."]] }))).rejects.toThrow(message);
});

test("readRows() takes rows without a split for training, and the language for a label", async () => {
  const folder = dataFolder({ ...set, columns: ["lang", "text"], rows: [["fr", "Salut"]] });
  expect((await readAll(folder))[0]).toMatchObject({ split: "train", language: "fr", label: "fr" });
  expect((await readAll(dataFolder({ ...set, labelColumn: "lang" })))[1]).toMatchObject({ label: "ja" });
});

test("readRows() takes the set's only language where no column names one", async () => {
  const folder = dataFolder({ ...set, languages: ["nl"], columns: ["label", "text"], rows: [["2", "Goed."]] });
  expect((await readAll(folder))[0]).toMatchObject({ language: "nl", label: "2" });
});

test("readRows() chooses a share of the texts for validation by their hash, whatever their order", async () => {
  const rows = Array.from({ length: 200 }, (_, i) => ["en", "1", `This is text ${i}.`]);
  const share = { ...set, columns: ["lang", "label", "text"], validationShare: 0.2 };
  const chosen = async (list: readonly string[][]) =>
    (await readAll(dataFolder({ ...share, rows: list }))).flatMap((row) => (row.split === "val" ? [row.text] : []));
  const texts = await chosen(rows);
  expect(texts.length).toBeGreaterThan(20);
  expect(texts.length).toBeLessThan(60);
  expect(new Set(await chosen(rows.toReversed()))).toEqual(new Set(texts));
});

test("readRows() reads plain TSV with carriage returns and no last line break", async () => {
  const folder = dataFolder(set);
  writeFileSync(join(folder, "tiny.tsv"), `${columns.join("\t")}\r\n${rows[0]?.join("\t")}\r\n${rows[1]?.join("\t")}`);
  const read = await readAll(folder, { file: "tiny.tsv", sha256: undefined });
  expect(read.map((row) => row.text)).toEqual(["Good.", "だめです。"]);
});

test("readRows() keeps characters whole that lie across chunks", async () => {
  const long = Array.from({ length: 40_000 }, (_, i) => ["train", "ja", "1", "", `${i}番目の文は少し長いです😀。`]);
  const read = await readAll(dataFolder({ ...set, rows: long }));
  expect(read.map((row) => row.text)).toEqual(long.map((cells) => cells[4]));
});

test("readRows() names file and line of a row with a wrong number of cells, or an empty text", async () => {
  const short = dataFolder({ ...set, rows: [...rows, ["train", "en", "2"]] });
  await expect(readAll(short)).rejects.toThrow(/tiny\.tsv\.gz:4: 3 cells, expected 5$/);
  const empty = dataFolder({ ...set, rows: [["train", "en", "2", "x", " "]] });
  await expect(readAll(empty)).rejects.toThrow(/tiny\.tsv\.gz:2: empty text$/);
});

test("readRows() names a missing and an unknown column", async () => {
  const folder = dataFolder(set);
  await expect(readAll(folder, { columns: [...columns, "extra"] })).rejects.toThrow(
    "tiny.tsv.gz:1: missing column extra",
  );
  await expect(readAll(folder, { columns: columns.filter((c) => c !== "note") })).rejects.toThrow(
    "unknown column note",
  );
  await expect(readAll(folder, { columns: columns.toReversed() })).rejects.toThrow("another order");
});

test("readRows() refuses a file whose checksum differs", async () => {
  const folder = dataFolder(set);
  writeFileSync(join(folder, "tiny.tsv.gz"), gzipSync(`${columns.join("\t")}\ntrain\ten\t0\t\tBad.\n`));
  await expect(readAll(folder)).rejects.toThrow(/its sha256 is [0-9a-f]{12}…, datasets\.json says/);
});

test("readRows() refuses damaged gzip, a missing file and bytes that are no UTF-8", async () => {
  const folder = dataFolder(set);
  const path = join(folder, "tiny.tsv.gz");
  truncateSync(path, readFileSync(path).length - 9);
  await expect(readAll(folder)).rejects.toThrow("damaged gzip data");
  writeFileSync(path, "not gzip");
  await expect(readAll(folder)).rejects.toThrow("damaged gzip data");
  writeFileSync(path, gzipSync(Buffer.from([0xff, 0xfe, 0x0a])));
  await expect(readAll(folder)).rejects.toThrow("not UTF-8 text");
  await expect(readAll(folder, { file: "gone.tsv" })).rejects.toThrow("no such file");
  await expect(readAll(folder, { file: "gone.tsv.gz" })).rejects.toBeInstanceOf(BadFileError);
});

test("readRows() takes a label without the spaces around it", async () => {
  const folder = dataFolder({ ...set, rows: [["train", "en", " 2 ", "x", " Good. "]] });
  expect((await readAll(folder))[0]).toMatchObject({ label: "2", text: " Good. " });
});
