import type { Result } from "../../src/contract/prediction.ts";
import { must } from "../../src/invariant.ts";
import { filter } from "../../src/tasks/filter.ts";

/** What the imitated moderation APIs read from an answer of the filter. */
export const toxicityTask = filter.name;

const toxic = "toxic";

/** Calibrated probability that a text is toxic. */
export function toxicityOf(result: Result): number {
  return must(result.scores[toxic]);
}

/** From the student's own threshold on. */
export function isToxic(result: Result): boolean {
  return result.label === toxic;
}
