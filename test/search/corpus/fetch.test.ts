import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../bench/server-process.ts";
import { type CatalogueEntry, readCatalogue } from "../../../search/corpus/catalogue.ts";
import { readDataFolder } from "../../../search/corpus/datasets.ts";
import { fetchSets } from "../../../search/corpus/fetch.ts";
import { loadCorpus } from "../../../search/corpus/load.ts";
import { BadFileError } from "../../../src/errors.ts";
import { listen } from "../../fixtures/listen.ts";
import { emptyFolder } from "./data-folder.ts";

/** Serves files by path and gives its address. */
async function serve(files: Record<string, string>): Promise<string> {
  const { url, close } = await listen((request, reply) => {
    const text = files[request.url ?? ""];
    reply.writeHead(text === undefined ? 404 : 200).end(text);
  });
  onTestFinished(close);
  return url;
}

/** A file at an address where nobody listens. */
const unheard = async () => `http://127.0.0.1:${await freePort()}/m.csv`;

function entryOf(url: string, change: Partial<CatalogueEntry> = {}): CatalogueEntry {
  return {
    name: "moods",
    task: "sentiment",
    language: "nl",
    licence: "CC0-1.0",
    source: "https://example.org/moods",
    commit: "0".repeat(40),
    files: [{ url, split: { column: "part", values: { a: "train", b: "val" } } }],
    format: { delimiter: ",", quotes: true, header: true },
    text: "tweet",
    label: { column: "mood", values: { POS: "2", NEU: "1", NEG: "0" } },
    ...change,
  };
}

const csv = 'id,tweet,mood,part\n1,"Leuk,\n hoor",POS,a\n2,Bah,NEG,b\n3,,NEU,a\n4,Gaat wel,NEU,c\n';

test("fetchSets() converts a set by its mappings into a folder that loadCorpus() reads", async () => {
  const folder = emptyFolder();
  const address = await serve({ "/m.csv": csv });
  const report = await fetchSets([entryOf(`${address}/m.csv`)], folder);
  expect(report).toEqual({ fetched: ["moods"], present: [], failed: [] });
  const corpus = await loadCorpus([folder], { seed: 1, limits: { languagePerLanguage: 5 } });
  const learnt = corpus.train.get("sentiment")?.filter((e) => e.dataSet === "moods");
  expect(learnt?.map((e) => [e.text, e.label])).toEqual([["Leuk, hoor", "2"]]);
  expect(corpus.validation.find((v) => v.dataSet === "moods")?.rows.map((r) => r.text)).toEqual(["Bah"]);
});

test("fetchSets() reads an original that begins with the mark of its byte order", async () => {
  const address = await serve({ "/m.csv": "\uFEFFtweet,mood,part\nLeuk,POS,a\n" });
  const report = await fetchSets([entryOf(`${address}/m.csv`)], emptyFolder());
  expect(report).toEqual({ fetched: ["moods"], present: [], failed: [] });
});

test("fetchSets() leaves a set that is there alone", async () => {
  const folder = emptyFolder();
  const address = await serve({ "/m.csv": csv });
  await fetchSets([entryOf(`${address}/m.csv`)], folder);
  const before = readFileSync(join(folder, "datasets.json"), "utf8");
  const report = await fetchSets([entryOf(`${address}/gone.csv`)], folder);
  expect(report).toEqual({ fetched: [], present: ["moods"], failed: [] });
  expect(readFileSync(join(folder, "datasets.json"), "utf8")).toBe(before);
});

test("fetchSets() says which set is missing and why, writes nothing of it and goes on with the next", async () => {
  const folder = emptyFolder();
  const address = await serve({ "/m.csv": csv });
  const gone = entryOf(`${address}/gone.csv`, { name: "gone" });
  const down = entryOf(await unheard(), { name: "down" });
  const report = await fetchSets([gone, down, entryOf(`${address}/m.csv`)], folder);
  expect(report.fetched).toEqual(["moods"]);
  expect(report.failed.map((f) => f.name)).toEqual(["gone", "down"]);
  expect(report.failed[0]?.reason).toContain("/gone.csv: status 404");
  expect(report.failed[1]?.reason).toContain("/m.csv: connect ECONNREFUSED");
  expect(readdirSync(join(folder, "sentiment"))).toEqual(["moods.tsv.gz"]);
  expect((await readDataFolder(folder)).dataSets.map((set) => set.name)).toEqual(["moods"]);
});

test("fetchSets() makes no folder when nothing could be fetched", async () => {
  const folder = join(emptyFolder(), "data");
  await fetchSets([entryOf(await unheard())], folder);
  expect(existsSync(folder)).toBe(false);
});

test("fetchSets() holds an original to its checksum, or to that of the first fetch", async () => {
  const folder = emptyFolder();
  const files = { "/m.csv": csv };
  const address = await serve(files);
  const wrong = entryOf(`${address}/m.csv`, {
    files: [{ url: `${address}/m.csv`, split: "train", sha256: "0".repeat(64) }],
  });
  expect((await fetchSets([wrong], folder)).failed[0]?.reason).toContain("has changed: sha256");
  await fetchSets([entryOf(`${address}/m.csv`)], folder);
  files["/m.csv"] = csv.replace("Bah", "Bah bah");
  const again = await fetchSets([entryOf(`${address}/m.csv`, { name: "again" })], folder);
  expect(again.failed[0]?.reason).toContain("has changed: sha256");
});

test("fetchSets() names an unknown column and an unknown label", async () => {
  const folder = emptyFolder();
  const address = await serve({ "/m.csv": csv });
  const reason = async (change: Partial<CatalogueEntry>) =>
    (await fetchSets([entryOf(`${address}/m.csv`, change)], folder)).failed[0]?.reason;
  expect(await reason({ text: "body" })).toContain("no column body among id, tweet, mood, part");
  const label = { column: "mood", values: { POS: "2", NEG: "0" } };
  expect(await reason({ label })).toMatch(/row 4: "NEU" is none of its labels/);
});

test("fetchSets() splits by the text's hash where there is no official split", async () => {
  const folder = emptyFolder();
  const text = Array.from({ length: 2000 }, (_, i) => `zin ${i}|${i % 2}`).join("\n");
  const address = await serve({ "/f.txt": text });
  const url = `${address}/f.txt`;
  const entry = entryOf(url, {
    files: [{ url, split: { validationShare: 0.1 } }],
    format: { delimiter: "|", quotes: false, header: ["tweet", "mood"] },
    label: { column: "mood", values: { "0": "0", "1": "2" } },
  });
  await fetchSets([entry], folder);
  const corpus = await loadCorpus([folder], { seed: 1, limits: { languagePerLanguage: 5 } });
  const held = corpus.validation.find((v) => v.dataSet === "moods")?.rows.length ?? 0;
  expect(held).toBeGreaterThan(150);
  expect(held).toBeLessThan(250);
});

test("readCatalogue() reads the project's own list, and refuses a list with an unknown field", () => {
  const path = fileURLToPath(new URL("../../../search/corpus/catalogue.json", import.meta.url));
  const catalogue = readCatalogue(path);
  expect(catalogue.length).toBeGreaterThanOrEqual(10);
  expect(new Set(catalogue.map((entry) => entry.name)).size).toBe(catalogue.length);
  const bad = join(emptyFolder(), "bad.json");
  writeFileSync(bad, JSON.stringify([{ ...catalogue[0], lable: {} }]));
  expect(() => readCatalogue(bad)).toThrow(BadFileError);
});

test("fetchSets() takes no set for a task that the folder does not know, and writes nothing of it", async () => {
  const folder = emptyFolder();
  const address = await serve({ "/m.csv": csv });
  const { fetched, failed } = await fetchSets([entryOf(`${address}/m.csv`, { task: "moods" })], folder);
  expect(fetched).toEqual([]);
  expect(failed[0]?.reason).toMatch(/moods is for the unknown task moods \(known: filter, /);
  expect(readdirSync(folder)).toEqual([]);
});

test("readCatalogue() takes the names of tasks that a folder can declare, and no others", () => {
  const path = join(emptyFolder(), "catalogue.json");
  const read = (task: string) => {
    writeFileSync(path, JSON.stringify([entryOf("https://example.org/m.csv", { task })]));
    return readCatalogue(path).map((entry) => entry.task);
  };
  expect(read("hate-speech-2")).toEqual(["hate-speech-2"]);
  expect(() => read("Hate speech")).toThrow("lower-case letters, digits and dashes");
});
