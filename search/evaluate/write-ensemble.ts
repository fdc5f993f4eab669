import type { Ensemble, Latency } from "../../src/contract/manifest.ts";
import { predictLatencyMs } from "../../src/contract/predict-latency.ts";
import { teacherIn } from "../../src/contract/score-key.ts";
import { must } from "../../src/invariant.ts";
import type { Log } from "../command/command.ts";
import type { Corpus } from "../corpus/assemble.ts";
import { withReferences } from "../export/reference.ts";
import { rewriteDescription } from "../export/write-description.ts";
import { scoresOf, thresholdsIn } from "../heads/score.ts";
import { refit, type Team } from "./choose-ensemble.ts";
import { answerRows } from "./listen.ts";
import type { Student } from "./subjects.ts";

/**
 * Fits a team's thresholds to what it says together, and writes the ensemble into the student's manifest and card; a student that is
 * best alone loses the ensemble that it had. The version stays: it is that of the model files.
 */
export async function writeEnsemble(
  student: Student,
  members: readonly Student[],
  team: Team,
  corpus: Corpus,
  threads: number,
  log: Log,
): Promise<void> {
  const { folder, manifest } = student;
  const { ensemble: _, ...alone } = manifest;
  const described =
    members.length === 0
      ? alone
      : { ...alone, ensemble: await describe({ folder, manifest: alone }, members, team, corpus, threads) };
  log(`written to ${rewriteDescription(student, described)}`);
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
  const teacherOf = teacherIn(manifest.scores);
  const { results, tasks, tokenizer } = await answerRows(student, members, corpus, threads);
  const fitted = tasks.map((task) => (weights.has(task.name) ? refit(task, results) : task));
  const referred = withReferences(fitted, results, tokenizer, manifest.maxTokens);
  return {
    ...bare,
    tasks: bare.tasks.map(({ task, weights: own }) => {
      const entry = must(referred.find(({ name }) => name === task));
      const scaled = own.map((weight) => weight / entry.temperature);
      const { reference } = entry;
      return { task, weights: scaled, ...thresholdsIn(entry), ...(reference && { reference }) };
    }),
    scores: scoresOf(results, fitted).map((score) => ({ ...score, teacher: teacherOf(score) })),
  };
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
