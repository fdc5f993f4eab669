import { join } from "node:path";
import { completeStudent } from "../../search/complete/complete.ts";
import type { Effort, SearchConfig } from "../../search/config.ts";
import type { Materials } from "../../search/prepare.ts";
import { type Architecture, architectureName } from "../../src/contract/architecture.ts";
import type { Manifest } from "../../src/contract/manifest.ts";
import { mean } from "../../src/stats.ts";
import type { ProxyResult } from "./results.ts";

/** What an architecture gives after full training. */
export type FullResult = Pick<ProxyResult, "quality" | "scores" | "seconds">;

/** How long that is. */
export const fullFlags = {
  "distil-tokens": { type: "string", default: "400000" },
  "head-tokens": { type: "string", default: "1500000" },
} as const;

/** Training in full that ends within minutes: a tenth of the rows, three passes of distillation. */
export function fullEffort(flags: Readonly<Record<keyof typeof fullFlags, string>>): Partial<Effort> {
  const [distilTokens, headTokens] = [Number(flags["distil-tokens"]), Number(flags["head-tokens"])];
  return {
    distilTexts: Math.round(distilTokens / 3),
    distilTokens,
    headTokens,
    staticHeadTokens: 2 * headTokens,
    limits: {
      labelledPerLanguage: 2000,
      validationPerLanguage: 400,
      languagePerLanguage: 200,
      unlabelledPerLanguage: 300,
    },
  };
}

/** Distillation, tasks, int8 artefact and scores; its stages are kept in the run's folder. */
export async function fullTraining(config: SearchConfig, materials: Materials, a: Architecture): Promise<FullResult> {
  const started = performance.now();
  const { manifest } = await completeStudent(config, materials, config.id, a, console.log);
  const scores = meanScores(manifest);
  const quality = mean(Object.values(scores));
  const seconds = (performance.now() - started) / 1000;
  console.log(`${architectureName(a)} · quality ${quality.toFixed(4)} · in ${join(config.runs, config.id)}`);
  return { quality, scores, seconds };
}

function meanScores({ scores }: Manifest): Record<string, number> {
  const tasks = [...new Set(scores.map(({ task }) => task))];
  const own = (task: string) => scores.filter((score) => score.task === task).map(({ student }) => student);
  return Object.fromEntries(tasks.map((task) => [task, mean(own(task))]));
}
