import { expect, test } from "vitest";
import {
  askedShareOf,
  fineTuningShareOf,
  saidSuffix,
  shareOf,
  unlabelledSet,
} from "../../../search/corpus/known-sets.ts";

test("fineTuningShareOf() draws what teachers say of posts more often than what they say of other texts", () => {
  const said = (dataSet: string) => fineTuningShareOf(dataSet + saidSuffix);
  expect(said("told_br")).toBeGreaterThan(said("a_set_of_the_user"));
  expect(said("a_set_of_the_user")).toBeLessThan(fineTuningShareOf("a_set_of_the_user"));
  expect(said(unlabelledSet("de"))).toBe(shareOf(unlabelledSet("de")));
});

test("askedShareOf() asks about as many texts of a set as its answers are drawn, and about its own rows as ever", () => {
  expect(askedShareOf("mlma")).toBe(fineTuningShareOf(`mlma${saidSuffix}`));
  expect(askedShareOf("umsab_xlmt")).toBe(shareOf("umsab_xlmt"));
  expect(askedShareOf("a_set_of_the_user")).toBe(1);
});
