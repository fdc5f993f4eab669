import { compareStudents, type Offline, type Skipped } from "./compare.ts";
import type { ProductionModel } from "./expectation.ts";
import { type Observed, readObserved } from "./observed.ts";
import { addUp, addUpRecent, type Traffic } from "./traffic.ts";

export interface Fitted {
  readonly production: ProductionModel;
  readonly observed: Observed;
  /** Students of the metrics that were not used. */
  readonly skipped: readonly Skipped[];
}

/**
 * Fits production's model: lengths and numbers of texts are those of the whole time, ratios those of late.
 * @throws {UpstreamError} when the counts are thin or absurd, or tell nothing of our students.
 */
export function fitProduction(
  offline: Offline,
  { parts, students: served }: Pick<Traffic, "parts" | "students">,
  minSamples: number,
): Fitted {
  const observed = readObserved(addUp(parts), minSamples);
  const recent = parts.length === 1 ? observed : readObserved(addUpRecent(parts), 0);
  const { students, skipped } = compareStudents(offline, observed, recent, served);
  const { model, isTimedThere } = offline;
  return { production: { model, isTimedThere, shape: observed.shape, students }, observed, skipped };
}
