import { must } from "../invariant.ts";
import type { Latency, Manifest, ManifestTask, Score } from "./manifest.ts";

/** A task as a student decides it together with the members of its ensemble; null for one that it answers alone. */
export function ensembleEntry({ ensemble }: Pick<Manifest, "ensemble">, entry: ManifestTask): ManifestTask | null {
  const own = ensemble?.tasks.find(({ task }) => task === entry.name);
  if (own === undefined) return null;
  const { threshold, languageThresholds, temperature, reference, ...rest } = entry;
  const { task, weights, ...decided } = own;
  // The weights hold the temperature.
  return { ...rest, temperature: 1, ...decided };
}

/** The sum of logits of the same rows and labels, each times its weight; those whose weight is none need not be there. */
export function weightedSum(logits: readonly (Float32Array | undefined)[], weights: readonly number[]): Float32Array {
  let sum: Float32Array | undefined;
  weights.forEach((weight, member) => {
    if (weight === 0) return;
    const own = must(logits[member], "logits of a member that counts");
    sum ??= new Float32Array(own.length);
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + weight * (own[i] as number);
  });
  return must(sum, "a member that counts");
}

/** A manifest by which the student answers some tasks alone, whatever its ensemble and its cascade said of them. */
export function answeredAlone<Own extends Pick<Manifest, "scores" | "ensemble" | "cascade">>(
  manifest: Own,
  tasks: readonly string[],
): Own {
  const { scores, ensemble, cascade } = manifest;
  const isKept = ({ task }: { readonly task: string }) => !tasks.includes(task);
  return {
    ...manifest,
    ...(ensemble && {
      ensemble: {
        ...ensemble,
        tasks: ensemble.tasks.filter(isKept),
        scores: [...ensemble.scores.filter(isKept), ...scores.filter((score) => !isKept(score))],
      },
    }),
    ...(cascade && { cascade: { ...cascade, tasks: cascade.tasks.filter(isKept) } }),
  };
}

/** How well a student is served: together with its ensemble where it has one. */
export function servedScores({ scores, ensemble }: Pick<Manifest, "scores" | "ensemble">): readonly Score[] {
  return ensemble?.scores ?? scores;
}

/** How fast a student is served. */
export function servedLatency({ latency, ensemble }: Pick<Manifest, "latency" | "ensemble">): Latency {
  return ensemble?.latency ?? latency;
}

/** How well a student is served among others: together with its ensemble where all members are among them, else alone. */
export function scoresAmong(
  manifest: Pick<Manifest, "scores" | "ensemble">,
  others: Iterable<Membered>,
): readonly Score[] {
  return membersAmong(manifest, others).length > 0 ? servedScores(manifest) : manifest.scores;
}

/** How fast a student is served among others. */
export function latencyAmong(manifest: Pick<Manifest, "latency" | "ensemble">, others: Iterable<Membered>): Latency {
  return membersAmong(manifest, others).length > 0 ? servedLatency(manifest) : manifest.latency;
}

/** Who may be a member. */
interface Membered {
  readonly manifest: Pick<Manifest, "name" | "version">;
}

/** Of a student's ensemble, in their order; none unless all are there, in the versions that it was fitted with. */
export function membersAmong<Other extends Membered>(
  { ensemble }: Pick<Manifest, "ensemble">,
  others: Iterable<Other>,
): Other[] {
  if (ensemble === undefined) return [];
  const all = [...others];
  const found = ensemble.members.flatMap(
    ({ name, version }) => all.find(({ manifest }) => manifest.name === name && manifest.version === version) ?? [],
  );
  return found.length === ensemble.members.length ? found : [];
}
