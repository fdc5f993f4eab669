import { parseArgs } from "node:util";
import type { SearchConfig } from "../search/config.ts";
import { neededTeacherLayers } from "../search/distil/state-maps.ts";
import { teacherStates } from "../search/prepare.ts";
import { architectureKey } from "../search/space/space.ts";
import type { Architecture } from "../src/contract/architecture.ts";
import { must } from "../src/invariant.ts";
import { mean } from "../src/stats.ts";
import { fullEffort, fullFlags, fullTraining } from "./proxy/full-training.ts";
import { proxyValues } from "./proxy/proxies.ts";
import { kendallTau, ranks } from "./proxy/rank-correlation.ts";
import { appendResult, type ProxyResult, readResults } from "./proxy/results.ts";
import { benchConfig, benchFlags, benchMaterials } from "./record-trials.ts";

export const flags = {
  ...benchFlags,
  ...fullFlags,
  out: { type: "string", default: "bench/proxy/results.jsonl" },
  "proxy-tokens": { type: "string", default: "10000,20000,40000,160000" },
  limit: { type: "string", default: "100" },
} as const;

/**
 * Which cheap measurement of an architecture tells how good it will be: rank correlation (Kendall's τ) of proxies with the
 * scores after full training, and what each costs. Resumes: an architecture is a line of the results' file, and the full
 * training keeps its stages in `runs/proxy`.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: flags });
  const tokens = values["proxy-tokens"].split(",").map(Number);
  const effort = {
    proxyTokens: Math.round(must(tokens.at(-1)) / 2),
    ...fullEffort(values),
  };
  const config: SearchConfig = { ...benchConfig(values, effort), id: "proxy" };
  await measure(config, tokens, values.out, Number(values.limit));
  printCorrelations(readResults(values.out));
}

/** From the cheapest to the dearest; near neighbours as well, since those are what a proxy has to tell apart. */
function architectures(vocabulary: number): Architecture[] {
  const still = (tableWidth: number): Architecture => ({
    ...{ layers: 0, hidden: tableWidth, heads: 0, ffn: 0, activation: "gelu", tableWidth, vocabulary },
  });
  const deep = (layers: number, hidden: number, ffn: number, tableWidth: number): Architecture => ({
    ...{ layers, hidden, heads: hidden / (hidden === 312 ? 26 : 32), ffn, activation: "relu", tableWidth, vocabulary },
  });
  return [
    ...[still(64), still(256), deep(1, 128, 128, 128), deep(1, 312, 312, 256), deep(2, 192, 384, 128)],
    ...[deep(2, 384, 384, 128), deep(2, 312, 312, 256), deep(3, 256, 512, 256), deep(4, 128, 256, 64)],
    ...[deep(4, 312, 624, 128), deep(6, 192, 384, 64)],
  ];
}

async function measure(config: SearchConfig, tokens: readonly number[], path: string, limit: number): Promise<void> {
  const done = new Set(readResults(path).map(({ architecture }) => architectureKey(architecture)));
  const materials = await benchMaterials(config);
  const { architecture: teacher } = materials.teacher;
  const left = architectures(teacher.vocabulary).filter((a) => !done.has(architectureKey(a)));
  console.log(`${path}: ${done.size} architectures measured, ${left.length} left`);
  const layers = neededTeacherLayers([0, 1, 2, 3, 4, 6], teacher.layers);
  const wanted = { tokens: config.effort.proxyTokens, seed: config.seed, layers };
  const targets = await teacherStates(config, materials, wanted, console.log);
  for (const a of left.slice(0, limit)) {
    const { seed, threads } = config;
    const settings = { seed, threads, tokens, fullTokens: config.effort.distilTokens };
    const proxies = await proxyValues(a, materials, targets, settings);
    appendResult(path, { architecture: a, proxies, ...(await fullTraining(config, materials, a)) });
  }
}

function printCorrelations(results: readonly ProxyResult[]): void {
  if (results.length < 3) {
    console.log("too few architectures for a rank correlation");
    return;
  }
  const quality = results.map((result) => result.quality);
  const singles = must(results[0]).proxies.map(({ name }) => ({ name, ...column(results, name) }));
  const distilled = singles.filter(({ name }) => name.startsWith("distilled"));
  const joined = distilled.map(({ name, values }) => {
    const probe = column(results, name.replace("distilled on", "probe after"));
    const sums = ranks(values).map((rank, i) => rank + must(ranks(probe.values)[i]));
    return { name: `${name} + probe`, values: sums, seconds: probe.seconds };
  });
  console.log(
    `\nKendall's τ with the quality of ${results.length} architectures in full; seconds are means an architecture`,
  );
  const rows = [...singles, ...joined].map((each) => ({ ...each, tau: kendallTau(each.values, quality) }));
  for (const { name, tau, seconds } of rows.sort((x, y) => x.seconds - y.seconds))
    console.log(`${name.padEnd(36)} τ ${tau.toFixed(2).padStart(5)}   ${seconds.toFixed(1).padStart(7)} s`);
}

/** A proxy's values in the order of the results, and its mean cost. */
function column(results: readonly ProxyResult[], name: string): { values: number[]; seconds: number } {
  const found = results.map(({ proxies }) =>
    must(
      proxies.find((proxy) => proxy.name === name),
      name,
    ),
  );
  return { values: found.map(({ value }) => value), seconds: mean(found.map(({ seconds }) => seconds)) };
}
