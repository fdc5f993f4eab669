import { parseArgs } from "node:util";
import type { SearchConfig } from "../search/config.ts";
import { transferKinds } from "../search/distil/transfer.ts";
import { table } from "../search/reward/report.ts";
import { fromArchitectureName } from "../src/contract/architecture.ts";
import { ConfigError } from "../src/errors.ts";
import { must } from "../src/invariant.ts";
import { type FullResult, fullEffort, fullFlags, fullTraining } from "./proxy/full-training.ts";
import { benchConfig, benchFlags, benchMaterials } from "./record-trials.ts";

export const flags = {
  ...benchFlags,
  ...fullFlags,
  architectures: { type: "string", default: "2x312-ffn624-h12-relu-e256,2x384-ffn768-h12-relu-e256" },
} as const;

/**
 * What students should imitate of the teacher's layers: hidden states, self-attention relations (MiniLMv2), or both. Each
 * architecture is trained once for each, on the same texts and for as many tokens of distillation and of tasks. Resumes by the stages
 * that it keeps in `runs/transfer-<kind>`.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: flags });
  const config: SearchConfig = { ...benchConfig(values, fullEffort(values)), precision: "int8" };
  const materials = await benchMaterials(config);
  const { vocabulary } = materials.teacher.architecture;
  const tasks = materials.corpus.tasks.map((task) => task.name);
  const rows: string[][] = [];
  for (const name of values.architectures.split(",")) {
    const a = fromArchitectureName(name, vocabulary);
    if (a === null) throw new ConfigError(`${name} is no architecture, such as 2x312-ffn624-h12-relu-e256`);
    for (const transfer of transferKinds) {
      const result = await fullTraining({ ...config, id: `transfer-${transfer}`, transfer }, materials, a);
      rows.push([name, transfer, ...figures(result, tasks)]);
    }
  }
  console.log(table(["architecture", "transfer", ...tasks, "mean", "seconds"], rows));
}

/** Scores in points. */
function figures({ scores, quality, seconds }: FullResult, tasks: readonly string[]): string[] {
  const points = (score: number) => (100 * score).toFixed(1);
  return [...tasks.map((task) => points(must(scores[task], task))), points(quality), seconds.toFixed(0)];
}
