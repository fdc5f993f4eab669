import { expect, test } from "vitest";
import { inPlaceOf } from "../../../search/evaluate/cascade.ts";

const to = { name: "large", version: "a".repeat(12) };
const fitted = (task: string, threshold: number) => ({
  ...{ task, threshold, languages: {} },
  ...{ kept: 0.5, accuracy: 0.9, largeAccuracy: 0.9, rows: 9 },
});

test("inPlaceOf() keeps the thresholds of tasks that were not judged, for the same version of the larger student", () => {
  const old = { to, tasks: [fitted("mood", 0.7), fitted("filter", 0.8)] };
  const fresh = { to, tasks: [fitted("filter", 0.9)] };
  expect(inPlaceOf(old, fresh)).toEqual({ to, tasks: [fitted("mood", 0.7), fitted("filter", 0.9)] });
  const other = { ...fresh, to: { ...to, version: "0".repeat(12) } };
  expect(inPlaceOf(old, other)).toEqual(other);
  expect(inPlaceOf(undefined, fresh)).toEqual(fresh);
});
