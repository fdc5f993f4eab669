import { expect, test } from "vitest";
import { type Collected, collect, joinTokens } from "../../../search/corpus/collect.ts";
import { type DataSet, readDataFolder } from "../../../search/corpus/datasets.ts";
import { Limits } from "../../../search/corpus/limits.ts";
import { HeldOut } from "../../../search/corpus/split.ts";
import { createDeclaredTask } from "../../../src/tasks/declared.ts";
import { taskNamed, tasks } from "../../../src/tasks/index.ts";
import type { Task } from "../../../src/tasks/task.ts";
import { dataFolder, type TinySet } from "./data-folder.ts";

const columns = ["split", "lang", "label", "text"];

async function collectFrom(
  folder: string,
  limits: Partial<Limits>,
  heldOut = new HeldOut(),
  seed = 1,
): Promise<Collected> {
  const {
    dataSets: [set],
  } = await readDataFolder(folder);
  return collect(
    folder,
    set as DataSet,
    tasks.find((t) => t.dataTask === set?.task),
    seed,
    Limits.parse(limits),
    heldOut,
  );
}

test("collect() takes no more than its limit of a language, and less of a small one", async () => {
  const rows = Array.from({ length: 60 }, (_, i) => ["train", i < 50 ? "en" : "ja", String(i % 3), `text ${i}`]);
  const { train } = await collectFrom(dataFolder({ name: "t", task: "sentiment", columns, rows }), {
    labelledPerLanguage: 20,
  });
  expect(train.filter((row) => row.language === "en")).toHaveLength(20);
  expect(train.filter((row) => row.language === "ja")).toHaveLength(10);
  // Sets may cycle through the labels: a draw must not follow the cycle.
  expect(new Set(train.map((row) => row.label)).size).toBe(3);
});

test("collect() judges by the same rows whatever the seed, and learns from others", async () => {
  const rowsOf = (split: string) => Array.from({ length: 40 }, (_, i) => [split, "en", String(i % 3), `${split} ${i}`]);
  const folder = dataFolder({ name: "t", task: "sentiment", columns, rows: [...rowsOf("train"), ...rowsOf("val")] });
  const limits = { labelledPerLanguage: 10, validationPerLanguage: 10 };
  const [one, two] = [await collectFrom(folder, limits), await collectFrom(folder, limits, new HeldOut(), 2)];
  expect(two.validation).toEqual(one.validation);
  expect(two.train).not.toEqual(one.train);
});

test("collect() holds out every text that is not for training, drawn or not", async () => {
  const rows = [...Array.from({ length: 9 }, (_, i) => ["val", "en", "1", `v${i}`]), ["test", "en", "1", "t"]];
  const heldOut = new HeldOut();
  const folder = dataFolder({ name: "t", task: "sentiment", columns, rows });
  const { validation, train } = await collectFrom(folder, { validationPerLanguage: 2 }, heldOut);
  expect(validation).toHaveLength(2);
  expect(train).toHaveLength(0);
  expect(heldOut.size).toBe(10);
});

test("collect() names file and line of a label that the task does not know, and skips an empty one", async () => {
  const rows = [
    ["train", "en", "", "unjudged"],
    ["train", "en", "3", "wrong"],
  ];
  const folder = dataFolder({ name: "t", task: "sentiment", columns, rows });
  await expect(collectFrom(folder, {})).rejects.toThrow(/t\.tsv\.gz:3: "3" is no label of sentiment$/);
  const { train } = await collectFrom(
    dataFolder({ name: "t", task: "sentiment", columns, rows: rows.slice(0, 1) }),
    {},
  );
  expect(train).toHaveLength(0);
});

test("collect() trains on no labels that are known to be at chance, and still judges by them", async () => {
  const rows = ["train", "val"].flatMap((split) =>
    ["hi", "en"].map((language) => [split, language, "1", split + language]),
  );
  const { train, validation } = await collectFrom(
    dataFolder({ name: "umsab_xlmt", task: "sentiment", columns, rows }),
    {},
  );
  expect(train.map((row) => row.language)).toEqual(["en"]);
  expect(validation.map((row) => row.language)).toEqual(["hi", "en"]);
});

test("collect() names a task that does not exist", async () => {
  const folder = dataFolder({ name: "t", task: "spam", columns, rows: [] });
  await expect(collectFrom(folder, {})).rejects.toThrow("t is for the unknown task spam (known: filter, sentiment");
});

test("joinTokens() undoes tokenisation", () => {
  expect(joinTokens("これ は 本 です 。")).toBe("これは本です。");
  expect(joinTokens("Ano , to ( opravdu ) víme ! Proč ?")).toBe("Ano, to (opravdu) víme! Proč?");
});

test("collect() files rows under the right code of their language, label included, and drops those of unknown language", async () => {
  const rows = [
    ["train", "zlm", "Semua manusia dilahirkan bebas."],
    ["val", "prs", "همه افراد بشر آزاد به دنیا می‌آیند."],
    ["train", "ckb", "Hemû mirov azad têne dinyayê."],
  ];
  const folder = dataFolder({ name: "udhr", task: "langid", columns: ["split", "lang", "text"], rows });
  const { train, validation } = await collectFrom(folder, {});
  expect(train.map(({ language, label }) => [language, label])).toEqual([
    ["ms", "ms"],
    ["ku", "ku"],
  ]);
  expect(validation.map(({ language, label }) => [language, label])).toEqual([["fa", "fa"]]);
});

test("collect() mends letters that a set read in the wrong encoding, in the languages that have it", async () => {
  const rows = [
    ["sr", "Èistimo se odavde, mladiæu."],
    ["fr", "Le père était là."],
    ["ms", "Saya tidak tahu."],
  ];
  const folder = dataFolder({ name: "xed_opensubtitles", task: "corpus", columns: ["lang", "text"], rows });
  const { train } = await collectFrom(folder, {});
  expect(train.map(({ text }) => text)).toEqual(["Čistimo se odavde, mladiću.", "Le père était là."]);
});

test("collect() leaves out the kinds of rows that do not say what the set's label says, and keeps the kind of others", async () => {
  const rows = [
    ["lexicon", "ja", "1", "open2ch_ng", "葬式"],
    ["lexicon", "ja", "1", "ldnoobw", "屑"],
  ];
  const withKind = ["split", "lang", "label", "fine_label", "text"];
  const folder = dataFolder({ name: "lexicons_badwords", task: "filter", columns: withKind, rows });
  const { lexicon } = await collectFrom(folder, {});
  expect(lexicon.map(({ text, kind }) => [text, kind])).toEqual([["屑", "ldnoobw"]]);
});

test("collect() leaves a label alone that is written like the code of its row's language, and has another one right", async () => {
  const answers = createDeclaredTask({ name: "answers", input: "text", metric: "macroF1" });
  const collectSet = async (task: Task, change: Partial<TinySet> = {}) => {
    const rows = ["no", "yes"].map((label) => ["train", "no", label, `${label}, takk`]);
    const folder = dataFolder({ name: "t", task: "corpus", columns, rows, ...change });
    const { dataSets } = await readDataFolder(folder);
    const { train } = await collect(folder, dataSets[0] as DataSet, task, 1, Limits.parse({}), new HeldOut());
    return train.map(({ language, label }) => [language, label]);
  };
  expect(await collectSet(answers)).toEqual([
    ["nb", "no"],
    ["nb", "yes"],
  ]);
  expect(await collectSet(taskNamed("language"), { task: "langid", labelColumn: "lang" })).toEqual([
    ["nb", "nb"],
    ["nb", "nb"],
  ]);
  // With a column for the label beside that for the language.
  expect(await collectSet(taskNamed("language"), { task: "langid" })).toEqual([
    ["nb", "nb"],
    ["nb", "yes"],
  ]);
});

test("collect() gives rows of a declared task the names of labels that their cells count", async () => {
  const task = createDeclaredTask({ name: "room", labels: ["kitchen", "hall"], input: "text", metric: "macroF1" });
  const rows = [
    ["train", "en", "0", "a stove"],
    ["train", "en", "hall", "a carpet"],
    ["val", "en", "1", "a coat"],
  ];
  const folder = dataFolder({ name: "t", task: "sentiment", columns, rows });
  const { dataSets } = await readDataFolder(folder);
  const { train, validation } = await collect(folder, dataSets[0] as DataSet, task, 1, Limits.parse({}), new HeldOut());
  expect(new Map(train.map(({ text, label }) => [text, label]))).toEqual(
    new Map([
      ["a stove", "kitchen"],
      ["a carpet", "hall"],
    ]),
  );
  expect(validation.map(({ label }) => label)).toEqual(["hall"]);
});
