import { type Counts, lengthCategories, type Reference } from "../../src/contract/drift.ts";
import type { ManifestTask } from "../../src/contract/manifest.ts";

const shownLanguages = 5;

/** Lines of a card: what the texts are like that each task was judged on, as far as the manifest knows. */
export function referenceLines(tasks: readonly ManifestTask[]): string[] {
  const lines = tasks.flatMap(({ name, reference }) => (reference ? [`- **${name}**: ${describe(reference)}`] : []));
  if (lines.length === 0) return [];
  return [
    "## Texts it was judged on",
    "",
    "A server measures how far its own texts are from these (drift).",
    "",
    ...lines,
    "",
  ];
}

function describe({ length = {}, language, unknown = {} }: Reference): string {
  const inputs = totalOf(length);
  const parts = [`${inputs} inputs`, `half have at most ${medianOf(length)} tokens`];
  if (language) parts.push(`languages, as it reads them: ${mostOf(language)}`);
  const share = (100 * (inputs - (unknown["0"] ?? 0))) / inputs;
  return `${[...parts, `unknown pieces in ${share.toFixed(1)} %`].join("; ")}.`;
}

/** Upper bound of the bucket that holds the middle one. */
function medianOf(lengths: Counts): string {
  let left = totalOf(lengths) / 2;
  for (const bound of lengthCategories) {
    left -= lengths[bound] ?? 0;
    if (left <= 0) return bound;
  }
  return "+Inf";
}

function mostOf(languages: Counts): string {
  const total = totalOf(languages);
  const sorted = Object.entries(languages).sort(([, a], [, b]) => b - a);
  const shown = sorted
    .slice(0, shownLanguages)
    .map(([code, count]) => `${code} ${((100 * count) / total).toFixed(0)} %`);
  const more = sorted.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(", ");
}

function totalOf(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
