import { must } from "../invariant.ts";
import type { Ensemble, Latency, Manifest, ManifestTask, Score } from "./manifest.ts";

/** A task as a student decides it together with the members of its ensemble; null for one that it answers alone. */
export function ensembleEntry({ ensemble }: Pick<Manifest, "ensemble">, entry: ManifestTask): ManifestTask | null {
  const own = ensemble?.tasks.find(({ task }) => task === entry.name);
  if (own === undefined) return null;
  const { threshold, languageThresholds, temperature, reference, ...rest } = entry;
  const { task, weights, ...decided } = own;
  // The weights hold the temperature.
  return { ...rest, temperature: 1, ...decided };
}

/** The sum of logits of the same rows and labels, each times its weight. */
export function weightedSum(logits: readonly Float32Array[], weights: readonly number[]): Float32Array {
  const sum = new Float32Array(must(logits[0]).length);
  logits.forEach((own, member) => {
    const weight = must(weights[member]);
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + weight * (own[i] as number);
  });
  return sum;
}

/** How well a student is served: together with its ensemble where it has one. */
export function servedScores({ scores, ensemble }: Pick<Manifest, "scores" | "ensemble">): readonly Score[] {
  return ensemble?.scores ?? scores;
}

/** How fast a student is served. */
export function servedLatency({ latency, ensemble }: Pick<Manifest, "latency" | "ensemble">): Latency {
  return ensemble?.latency ?? latency;
}

/** Whether a student is the member that an ensemble was fitted with. */
export function isMember({ name, version }: Pick<Manifest, "name" | "version">, member: Ensemble["members"][number]) {
  return member.name === name && member.version === version;
}
