import { join } from "node:path";
import { type Ensemble, type Latency, Manifest } from "../../src/contract/manifest.ts";
import { predictLatencyMs } from "../../src/contract/predict-latency.ts";
import { must } from "../../src/invariant.ts";
import { replaceFile } from "../../src/replace-file.ts";
import { readTokenizer } from "../../src/text/read-tokenizer.ts";
import type { Log } from "../command.ts";
import type { Corpus } from "../corpus/assemble.ts";
import { cardText } from "../export/card.ts";
import { withReferences } from "../export/reference.ts";
import { scoresOf, validationLogits } from "../heads/score.ts";
import { refit, type Team } from "./choose-ensemble.ts";
import { openServed } from "./open-served.ts";
import { judgedLength, type Student } from "./subjects.ts";

/**
 * Fits a team's thresholds to what it says together, and writes the ensemble into the student's manifest and card; a student that is
 * best alone loses the ensemble that it had. The version stays: it is that of the model files.
 */
export async function writeEnsemble(
  { folder, manifest }: Student,
  members: readonly Student[],
  team: Team,
  corpus: Corpus,
  threads: number,
  log: Log,
): Promise<void> {
  const { ensemble: _, ...alone } = manifest;
  const described =
    members.length === 0
      ? alone
      : { ...alone, ensemble: await describe({ folder, manifest: alone }, members, team, corpus, threads) };
  const checked = Manifest.parse(described);
  replaceFile(join(folder, "card.md"), cardText(checked));
  replaceFile(join(folder, "manifest.json"), `${JSON.stringify(checked, null, 1)}\n`);
  log(`written to ${join(folder, "manifest.json")}`);
}

async function describe(
  { folder, manifest }: Student,
  members: readonly Student[],
  { weights }: Team,
  corpus: Corpus,
  threads: number,
): Promise<Ensemble> {
  const versions = members.map(({ manifest: { name, version } }) => ({ name, version }));
  const latency = sumOf([manifest, ...members.map((member) => member.manifest)].map((one) => one.latency));
  const bare: Ensemble = {
    members: versions,
    tasks: Array.from(weights, ([task, own]) => ({ task, weights: [...own] })),
    scores: [],
    latency,
  };
  const student = { folder, manifest: { ...manifest, ensemble: bare } };
  const { results, tasks } = await answer(student, members, corpus, threads);
  const fitted = tasks.map((task) => (weights.has(task.name) ? refit(task, results) : task));
  const tokenizer = readTokenizer(join(folder, "tokenizer.json"));
  const referred = withReferences(fitted, results, tokenizer, manifest.maxTokens);
  return {
    ...bare,
    tasks: bare.tasks.map(({ task, weights: own }) => {
      const { threshold, languageThresholds, reference, temperature } = must(
        referred.find(({ name }) => name === task),
      );
      return {
        task,
        weights: own.map((weight) => weight / temperature),
        ...(threshold !== undefined && { threshold }),
        ...(languageThresholds && { languageThresholds }),
        ...(reference && { reference }),
      };
    }),
    scores: scoresOf(results, fitted).map((score) => ({ ...score, teacher: null })),
  };
}

async function answer(student: Student, members: readonly Student[], corpus: Corpus, threads: number) {
  const names = student.manifest.tasks.map(({ name }) => name);
  const { classifier, tokenizer, tasks, release } = await openServed(student, members, names, threads);
  const results = await validationLogits(classifier, corpus, names, tokenizer, judgedLength(student));
  await release();
  return { results, tasks };
}

/** One after another, at the lengths of the first. */
function sumOf(all: readonly Latency[]): Latency {
  const [first] = all as [Latency];
  const msAt = (tokens: number, percentile: "p50Ms" | "p95Ms") =>
    all.reduce((sum, latency) => sum + predictLatencyMs(latency, tokens, percentile), 0);
  const lengths = first.lengths.map(({ tokens }) => ({
    tokens,
    p50Ms: msAt(tokens, "p50Ms"),
    p95Ms: msAt(tokens, "p95Ms"),
  }));
  return { ...first, lengths };
}
