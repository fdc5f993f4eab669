import { expect, test } from "vitest";
import { fineTuningShareOf, saidSuffix, shareOf, unlabelledSet } from "../../../search/corpus/known-sets.ts";

test("fineTuningShareOf() draws texts that only teachers judged less often than labelled ones, and no more often than their set", () => {
  const said = (dataSet: string) => fineTuningShareOf(dataSet + saidSuffix);
  expect(said("a_set_of_the_user")).toBeLessThan(fineTuningShareOf("a_set_of_the_user"));
  expect(said("bengali_hate_rezacsedu")).toBe(shareOf("bengali_hate_rezacsedu"));
  expect(said(unlabelledSet("de"))).toBe(shareOf(unlabelledSet("de")));
});
