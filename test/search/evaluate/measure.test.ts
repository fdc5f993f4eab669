import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Corpus } from "../../../search/corpus/assemble.ts";
import { HeldOut } from "../../../search/corpus/split.ts";
import { Measured } from "../../../search/evaluate/measured.ts";
import { findStudents, measureStudent } from "../../../search/evaluate/subjects.ts";
import { writeTinyStudent } from "../../fixtures/tiny-student.ts";

const models = mkdtempSync(join(tmpdir(), "evaluate-"));
afterAll(() => rmSync(models, { recursive: true, force: true }));
writeTinyStudent(join(models, "tiny"), { name: "tiny", tasks: ["filter", "language"] });

const row = (language: string, label: string, text: string, kind?: string) => ({
  language,
  label,
  text,
  ...(kind === undefined ? {} : { kind }),
});
const corpus: Corpus = {
  train: new Map(),
  tasks: [],
  labels: new Map(),
  heldOut: new HeldOut(),
  unlabelled: [],
  dataSets: [],
  validation: [
    {
      task: "filter",
      dataSet: "hatecheck_en",
      language: "en",
      rows: [
        row("en", "1", "they are the worst", "slur_h|hateful|women"),
        row("en", "0", "we like them all", "ident_pos_nh|non-hateful|women"),
        row("en", "0", "we like you", "ident_pos_nh|non-hateful|Muslims"),
      ],
    },
    {
      task: "language",
      dataSet: "news",
      language: "de",
      rows: [row("de", "de", "das ist ein langer Satz über das Wetter"), row("de", "de", "noch einer")],
    },
  ],
} as unknown as Corpus;

test("measureStudent() judges cases by kind, languages on whole and cut texts, and calibration, as plain data", async () => {
  const [student] = findStudents(models);
  const measured = await measureStudent(student as NonNullable<typeof student>, [], corpus, 1, () => {});
  expect(measured.kinds.map(({ kind, rows }) => [kind, rows])).toEqual([
    ["slur_h", 1],
    ["ident_pos_nh", 2],
  ]);
  expect(measured.cuts.map(({ words, rows }) => [words, rows])).toEqual([
    [null, 2],
    [10, 2],
    [5, 2],
    [3, 2],
  ]);
  expect(measured.confusions.reduce((sum, { rows }) => sum + rows, 0)).toBe(2);
  expect(measured.calibration.map(({ task }) => task)).toEqual(["filter", "language"]);
  expect(Measured.parse(JSON.parse(JSON.stringify(measured)))).toEqual(measured);
});

test("measureStudent() judges cases of a score by their order, and says nothing of kinds that have no other class beside them", async () => {
  writeTinyStudent(join(models, "pairs"), { name: "pairs", tasks: ["adequacy"] });
  const pair = (label: string, kind: string, target: string) => ({
    ...row("en-de", label, "the phone is good", kind),
    pair: target,
  });
  const suite = (language: string, rows: object[]) => ({
    task: "adequacy",
    dataSet: "kdnas_adequacy_suite",
    language,
    rows,
  });
  const both = [
    pair("100", "good", "das gute Telefon"),
    pair("95", "paraphrase", "ein gutes Gerät"),
    pair("10", "negation", "nein"),
  ];
  const validation = [
    suite("en-de", both),
    suite("en-fr", [pair("100", "good", "oui"), pair("90", "paraphrase", "non")]),
  ];
  const student = findStudents(models).find(({ manifest }) => manifest.name === "pairs");
  const judged = { ...corpus, validation } as unknown as Corpus;
  const { kinds } = await measureStudent(student as NonNullable<typeof student>, [], judged, 1, () => {});
  expect(kinds.map(({ language, kind }) => `${language} ${kind}`)).toEqual([
    "en-de good",
    "en-de paraphrase",
    "en-de negation",
  ]);
  const [good, paraphrase, negation] = kinds.map(({ accuracy }) => accuracy) as [number, number, number];
  // Each side of an order is right as often as the other.
  expect(negation).toBe((good + paraphrase) / 2);
});
