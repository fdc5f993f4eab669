import { Limits } from "../../../search/corpus/limits.ts";
import type { LabelledExample, Material } from "../../../search/corpus/preparation.ts";
import type { Row } from "../../../search/corpus/read-rows.ts";
import { createRandom } from "../../../src/random.ts";
import { taskNamed } from "../../../src/tasks/index.ts";

/** What a preparation is given, empty but for what a test sets. */
export function materialOf(task: string, change: Partial<Material>): Material {
  return {
    task: taskNamed(task),
    labels: [],
    examples: [],
    lexicon: [],
    pool: new Map(),
    validationLanguages: new Set(),
    limits: Limits.parse({}),
    random: createRandom(1),
    ...change,
  };
}

export function exampleOf(language: string, label: string, text: string, pair?: string): LabelledExample {
  const example = { text, language, label, dataSet: "made", weight: 1 };
  return pair === undefined ? example : { ...example, pair };
}

export function rowsOf(language: string, texts: readonly string[], dataSet = "made"): Row[] {
  return texts.map((text, i) => ({ split: "train", language, label: language, text, dataSet, line: i + 2 }));
}

export const numbered = (count: number, text: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => text(i));
