import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Description, type StudentFiles, writeGraphs } from "../../../search/export/export-student.ts";
import { randomWeights, type Weights } from "../../../search/student/weights.ts";
import type { Architecture } from "../../../src/contract/architecture.ts";
import type { Score } from "../../../src/contract/manifest.ts";
import { machine } from "../../../src/onnx/machine.ts";
import { createRandom } from "../../../src/random.ts";
import { tinyTokenizerJson, tinyVocabulary } from "../../fixtures/tiny-tokenizer.ts";

const architecture: Architecture = {
  layers: 1,
  hidden: 16,
  heads: 2,
  ffn: 32,
  activation: "relu",
  tableWidth: 8,
  vocabulary: tinyVocabulary().length,
};
const heads = [
  { task: "sentiment", input: "text", labels: 3 },
  { task: "adequacy", input: "pair", labels: 2 },
] as const;

export const scoreOf = (student: number, change: Partial<Score> = {}): Score => ({
  task: "sentiment",
  dataSet: "made",
  language: "en",
  metric: "macroF1",
  rows: 100,
  student,
  teacher: null,
  ...change,
});

export const description: Description = {
  name: "budget-1ms",
  architecture,
  maxTokens: 32,
  tasks: [
    {
      name: "sentiment",
      input: "text",
      labels: ["negative", "neutral", "positive"],
      file: "model.onnx",
      temperature: 1.2,
      languages: ["de", "en"],
    },
    {
      name: "adequacy",
      input: "pair",
      labels: ["inadequate", "adequate"],
      file: "pair_adequacy.onnx",
      temperature: 1,
      languages: ["en-de"],
    },
  ],
  scores: [scoreOf(0.61), scoreOf(0.59, { language: "de", teacher: 0.7 })],
  latency: { ...machine(), threads: 1, lengths: [{ tokens: 32, p50Ms: 0.1, p95Ms: 0.2 }] },
  parameters: 1234,
  seed: 7,
  dataSets: [{ name: "made", licence: "CC0-1.0", source: "these tests" }],
  searchId: "quick-seed7",
};

/** Graphs and tokeniser of a small student with random weights, by the export itself. @param more weights, of n-grams. */
export function writeStudent(folder: string, seed = 1, more: Weights = new Map()): StudentFiles {
  const weights: Weights = new Map([...randomWeights(architecture, 32, heads, createRandom(seed)), ...more]);
  const tokenizerPath = `${folder}.tokenizer.json`;
  mkdirSync(dirname(folder), { recursive: true });
  writeFileSync(tokenizerPath, JSON.stringify(tinyTokenizerJson()));
  return writeGraphs(folder, architecture, weights, heads, { layerNormEpsilon: 1e-5, tokenizerPath });
}
