import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readDataFolder } from "../../../search/corpus/datasets.ts";
import { BadFileError } from "../../../src/errors.ts";
import { dataFolder, declaring, emptyFolder } from "./data-folder.ts";

const columns = ["split", "lang", "label", "text"];
const set = { name: "tiny", task: "sentiment", columns, rows: [["train", "en", "2", "Good."]] };

test("readDataFolder() reads what an entry declares", async () => {
  const {
    dataSets: [read],
  } = await readDataFolder(dataFolder(set));
  expect(read).toMatchObject({ name: "tiny", task: "sentiment", file: "tiny.tsv.gz", columns, licence: "CC0-1.0" });
});

test("readDataFolder() names the file when the folder is not there", async () => {
  await expect(readDataFolder("/no/such/folder")).rejects.toThrow("/no/such/folder/datasets.json: cannot be read");
  await expect(readDataFolder("/no/such/folder")).rejects.toBeInstanceOf(BadFileError);
});

test("readDataFolder() refuses what is no JSON, or no list", async () => {
  const folder = emptyFolder();
  for (const text of ["{", "{}", "[]"]) {
    writeFileSync(join(folder, "datasets.json"), text);
    await expect(readDataFolder(folder)).rejects.toBeInstanceOf(BadFileError);
  }
});

test("readDataFolder() names the column that a set lacks", async () => {
  await expect(readDataFolder(dataFolder({ ...set, columns: ["lang", "label"] }))).rejects.toThrow(
    "lacks the column text",
  );
  const pairs = { ...set, columns: ["source", "target", "score"] };
  await expect(readDataFolder(dataFolder(pairs))).rejects.toThrow("lacks the column src_lang, tgt_lang");
  await expect(readDataFolder(dataFolder({ ...set, labelColumn: "mood" }))).rejects.toThrow("lacks the column mood");
});

test("readDataFolder() refuses a path out of the folder", async () => {
  await expect(readDataFolder(dataFolder({ ...set, file: "../tiny.tsv.gz" }))).rejects.toThrow("below the folder");
  await expect(readDataFolder(dataFolder({ ...set, file: "/etc/tiny.tsv" }))).rejects.toThrow("below the folder");
});

const tickets = { name: "tickets", labels: ["billing", "login"] };
const ticketSet = { ...set, task: "tickets", rows: [["train", "en", "login", "I cannot sign in."]] };

test("readDataFolder() reads declared tasks, complete with defaults", async () => {
  const { tasks } = await readDataFolder(declaring([tickets], ticketSet));
  expect(tasks).toEqual([{ ...tickets, input: "text", metric: "macroF1", weight: 2 }]);
});

test.each([
  [[{ ...tickets, name: "Tickets" }], "lower-case letters, digits and dashes"],
  [[{ ...tickets, name: "sentiment" }], "sentiment is built in and cannot be declared again"],
  [[{ ...tickets, name: "langid" }], "langid is built in"],
  [[{ ...tickets, name: "corpus" }], "corpus is built in"],
  [[tickets, tickets], "two tasks are named tickets"],
  [[{ ...tickets, labels: ["one"] }], "tasks[0].labels"],
  [[{ ...tickets, labels: ["one", "one"] }], "a label occurs twice"],
  [[{ ...tickets, metric: "bleu" }], "tasks[0].metric"],
  [[{ ...tickets, metric: "pearson", labels: undefined }], "has two labels"],
  [[{ ...tickets, label: [] }], 'Unrecognized key: "label"'],
  [[{ ...tickets, input: "pair" }], "tiny holds single texts, but tickets is a task over pairs of texts"],
  [[], 'unknown task tickets (known: filter, sentiment, langid, pairs, corpus; others are declared in "tasks")'],
])("readDataFolder() refuses the tasks %j", async (tasks, message) => {
  const failure = readDataFolder(declaring(tasks, ticketSet));
  await expect(failure).rejects.toBeInstanceOf(BadFileError);
  await expect(failure).rejects.toThrow(message);
});

test("readDataFolder() refuses a set without labels for a declared task", async () => {
  const unlabelled = { ...ticketSet, columns: ["lang", "text"], rows: [["en", "I cannot sign in."]] };
  await expect(readDataFolder(declaring([tickets], unlabelled))).rejects.toThrow("tiny lacks a column label");
});

test("readDataFolder() refuses two columns of which each could be the label, unless it is said which", async () => {
  const both = { ...set, columns: ["split", "lang", "label", "score", "text"], rows: [] };
  await expect(readDataFolder(dataFolder(both))).rejects.toThrow(/labelColumn says which of them is the label/);
  const { dataSets } = await readDataFolder(dataFolder({ ...both, labelColumn: "label" }));
  expect(dataSets[0]?.labelColumn).toBe("label");
});

test("readDataFolder() refuses a share for validation beside a column that says it", async () => {
  await expect(readDataFolder(dataFolder({ ...set, validationShare: 0.1 }))).rejects.toThrow("the column split says");
});

test("readDataFolder() refuses two sets of one name", async () => {
  await expect(readDataFolder(dataFolder(set, set))).rejects.toThrow("two sets are named tiny");
});

test("readDataFolder() refuses pairs as unlabelled text, whose language would be that of two", async () => {
  const pairs = { ...set, task: "corpus", columns: ["src_lang", "tgt_lang", "score", "source", "target"] };
  await expect(readDataFolder(dataFolder(pairs))).rejects.toThrow(
    "tiny holds pairs of texts (columns source and target), but corpus is a task over single texts",
  );
});

test("readDataFolder() reads a file that begins with a byte order mark", async () => {
  const folder = dataFolder(set);
  const path = join(folder, "datasets.json");
  writeFileSync(path, `\uFEFF${readFileSync(path, "utf8")}`);
  expect((await readDataFolder(folder)).dataSets.map(({ name }) => name)).toEqual(["tiny"]);
});
