import { expect, test } from "vitest";
import { earlierTrials } from "../../../search/explore/explore.ts";
import { fromArchitectureName } from "../../../src/contract/architecture.ts";
import { must } from "../../../src/invariant.ts";
import { failedTrial, syntheticTrial } from "../synthetic-trials.ts";

test("earlierTrials() rates those of a search for production's traffic offline where budgets are, and lets failed ones go along", () => {
  const a = must(fromArchitectureName("2x128-ffn128-h4-gelu-e128", 1000));
  const [offline, failed] = [syntheticTrial(a), failedTrial(a)];
  expect(earlierTrials([failed, { ...offline, latencyMs: 3 * offline.latencyMs }], null)).toEqual([offline, failed]);
});
