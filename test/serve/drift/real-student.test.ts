import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { HeldOut } from "../../../search/corpus/split.ts";
import { readUdhr } from "../../../search/corpus/udhr.ts";
import { withReferences } from "../../../search/export/reference.ts";
import { openStudentClassifier } from "../../../search/heads/open-classifier.ts";
import { validationLogits } from "../../../search/heads/score.ts";
import { readConfig } from "../../../serve/config.ts";
import { createLog } from "../../../serve/log.ts";
import { type RunningServer, startServer } from "../../../serve/server.ts";
import { leastDriftSamples } from "../../../src/contract/drift.ts";
import { type Manifest, readManifest } from "../../../src/contract/manifest.ts";
import { metricNames } from "../../../src/contract/metrics.ts";
import { createRandom, shuffle } from "../../../src/random.ts";
import { readTokenizer } from "../../../src/text/read-tokenizer.ts";
import { seriesValue } from "../../fixtures/test-server.ts";

/** A student of `models/` behind a whole server, its reference made of one half of the Declaration in sixteen languages. */
const shipped = resolve("models/budget-0.1ms");
const languages = ["en", "de", "fr", "es", "it", "pt", "nl", "tr", "id", "vi", "sv", "da", "pl", "cs", "ro", "hu"];
const root = mkdtempSync(join(tmpdir(), "kdnas-drift-"));
let server: RunningServer;
let texts: { readonly language: string; readonly text: string }[];

beforeAll(async () => {
  texts = await readUdhr();
  const folder = join(root, "models", "watched");
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(shipped))
    if (name !== "manifest.json") symlinkSync(join(shipped, name), join(folder, name));
  const manifest = await withReference(readManifest(join(shipped, "manifest.json")));
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
}, 120_000);
afterAll(() => rmSync(root, { recursive: true }));

const half = (odd: number) => texts.filter(({ language }, i) => languages.includes(language) && i % 2 === odd);

async function withReference(manifest: Manifest): Promise<Manifest> {
  const tokenizer = readTokenizer(join(shipped, "tokenizer.json"));
  const classifier = await openStudentClassifier(shipped, manifest.tasks, {
    tokenizer,
    ngrams: manifest.ngrams,
    threads: 1,
  });
  const rows = half(0).map(({ language, text }) => ({ language, text, label: "0" }));
  const corpus = {
    tasks: [],
    train: new Map(),
    labels: new Map(),
    unlabelled: [],
    heldOut: new HeldOut(),
    dataSets: [],
    validation: [{ task: "sentiment", dataSet: "udhr", language: "all", rows }],
  };
  const results = await validationLogits(classifier, corpus, ["sentiment", "language"], tokenizer, manifest.maxTokens);
  await classifier.release();
  return { ...manifest, tasks: withReferences(manifest.tasks, results, tokenizer, manifest.maxTokens) };
}

/** Serves these texts again and again, until enough of them had their language looked at, and reads the metrics. */
async function driftOf(texts: readonly string[]): Promise<Record<string, number>> {
  const random = createRandom(1);
  const config = { ...readConfig([], {}), port: 0, models: join(root, "models"), workers: 1 };
  const log = createLog({ write: () => {} }, "error");
  server = await startServer(config, log);
  await server.loaded;
  try {
    for (;;) {
      // Languages are looked at in samples of batches: each must be of all languages, and no batch the same as before, as production's are.
      const inputs = shuffle([...texts], random);
      for (let from = 0; from < inputs.length; from += 32) await ask(inputs.slice(from, from + 32));
      const text = await (await fetch(`${server.url}/metrics`)).text();
      const of = (name: string, feature: string) => seriesValue(text, `${name}{task="sentiment",feature="${feature}"}`);
      if (of(metricNames.driftSamples, "language") < leastDriftSamples) continue;
      const score = (feature: string) =>
        of(metricNames.driftScore, feature) / seriesValue(text, `${metricNames.driftThreshold}{feature="${feature}"}`);
      return Object.fromEntries(["length", "language", "score", "unknown"].map((feature) => [feature, score(feature)]));
    }
  } finally {
    await server.drain(0);
  }
}

async function ask(inputs: readonly string[]): Promise<void> {
  const answer = await fetch(`${server.url}/v1/sentiment`, { method: "POST", body: JSON.stringify({ inputs }) });
  if (!answer.ok) throw new Error(await answer.text());
  await answer.arrayBuffer();
}

test("kdnas_drift_score of texts like those that a student was judged on stays below every threshold", async () => {
  const drift = await driftOf(half(1).map(({ text }) => text));
  for (const [feature, ratio] of Object.entries(drift)) expect(ratio, feature).toBeLessThan(1);
}, 120_000);

test("kdnas_drift_score of another language's texts passes the threshold of the language", async () => {
  const drift = await driftOf(texts.filter(({ language }) => language === "el").map(({ text }) => text));
  expect(drift.language).toBeGreaterThan(1);
}, 120_000);

test("kdnas_drift_score of a script that the vocabulary does not have passes the threshold of unknown pieces too", async () => {
  const drift = await driftOf(texts.filter(({ language }) => language === "dz").map(({ text }) => text));
  expect(drift.unknown).toBeGreaterThan(1);
  expect(drift.language).toBeGreaterThan(1);
}, 120_000);
