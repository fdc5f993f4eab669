import { expect, test } from "vitest";
import { languagesOf, prepareAdequacy } from "../../../search/corpus/prepare-adequacy.ts";
import { createRandom } from "../../../src/random.ts";
import { taskNamed } from "../../../src/tasks/index.ts";
import { exampleOf, materialOf, numbered } from "./material.ts";

const pairs = numbered(2000, (i) => String(i)).map((i) =>
  exampleOf("en-de", "100", `Here is the source with number ${i}`, `Dies ist das Ziel mit der Nummer ${i}`),
);
const { examples } = prepareAdequacy(materialOf("adequacy", { examples: pairs }));
const damaged = examples.filter((e) => e.dataSet === "damaged_pairs");

test("prepareAdequacy() keeps every pair, about half of the true ones turned around", () => {
  const kept = examples.filter((e) => e.dataSet === "made");
  expect(kept).toHaveLength(2000);
  const turned = kept.filter((e) => e.language === "de-en");
  expect(turned.length).toBeGreaterThan(900);
  expect(turned.length).toBeLessThan(1100);
  expect(turned.every((e) => e.text.startsWith("Dies") && e.pair?.startsWith("Here"))).toBe(true);
});

test("prepareAdequacy() damages about six in ten, and scores them as inadequate", () => {
  expect(damaged.length).toBeGreaterThan(1050);
  expect(damaged.length).toBeLessThan(1300);
  for (const e of damaged) expect(taskNamed("adequacy").toTarget(e, [], e.dataSet)?.[1]).toBeLessThan(0.5);
});

test("prepareAdequacy() makes every kind of damage", () => {
  const forward = damaged.filter((e) => e.language === "en-de").map((e) => ({ ...e, pair: e.pair as string }));
  const number = (text: string) => text.match(/\d+/)?.[0];
  const count = (is: (e: { text: string; pair: string; label: string }) => boolean) => forward.filter(is).length;
  expect(count((e) => e.text === e.pair)).toBeGreaterThan(5);
  expect(count((e) => e.label === "0" && e.text !== e.pair)).toBeGreaterThan(100);
  expect(count((e) => e.label === "30" && number(e.text) !== number(e.pair))).toBeGreaterThan(100);
  expect(count((e) => e.pair.length < 25 && "Dies ist das Ziel mit".startsWith(e.pair))).toBeGreaterThan(5);
  expect(count((e) => e.label === "25")).toBeGreaterThan(5);
});

test("prepareAdequacy() leaves judged translations in their direction and never calls them damaged lightly", () => {
  const judged = pairs.map((pair) => ({ ...pair, label: "0.2", dataSet: "mlqe_pe_da" }));
  const made = prepareAdequacy(materialOf("adequacy", { examples: judged })).examples;
  expect(made.filter((e) => e.dataSet === "mlqe_pe_da").every((e) => e.language === "en-de")).toBe(true);
  const copies = made.filter((e) => e.dataSet === "damaged_pairs");
  expect(copies.length).toBeGreaterThan(200);
  expect(copies.every((e) => e.label === "0")).toBe(true);
});

test("prepareAdequacy() makes the same of the same seed", () => {
  const again = prepareAdequacy(materialOf("adequacy", { examples: pairs, random: createRandom(1) })).examples;
  expect(again).toEqual(examples);
});

test("languagesOf() splits codes with and without a region", () => {
  expect(languagesOf("en-de")).toEqual(["en", "de"]);
  expect(languagesOf("pt-MZ-en")).toEqual(["pt-MZ", "en"]);
});
