import type { Manifest, ManifestTask } from "../../src/contract/manifest.ts";
import type { Corpus } from "../corpus/assemble.ts";

/**
 * Tasks whose temperature and thresholds were fitted on data sets of which those at hand do not have all: fitted on the others alone, they
 * would go by a few rows of a user.
 */
export function decidedElsewhere(
  { tasks, scores }: Manifest,
  { validation }: Pick<Corpus, "validation">,
): ManifestTask[] {
  const isHere = (task: string, dataSet: string) =>
    validation.some((set) => set.task === task && set.dataSet === dataSet);
  return tasks.filter(({ name, fittedOn }) => {
    const judged = scores.filter(({ task }) => task === name).map(({ dataSet }) => dataSet);
    return !(fittedOn ?? judged).every((dataSet) => isHere(name, dataSet));
  });
}
