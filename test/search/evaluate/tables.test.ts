import { expect, test } from "vitest";
import { calibrationTable } from "../../../search/evaluate/calibration-table.ts";
import { confusionTables, mistakeTable } from "../../../search/evaluate/confusion-table.ts";
import { cutTable } from "../../../search/evaluate/cut-table.ts";
import { kindTable } from "../../../search/evaluate/kind-table.ts";
import { languageTables } from "../../../search/evaluate/language-table.ts";
import type { Measured } from "../../../search/evaluate/measured.ts";
import { scoreTable } from "../../../search/evaluate/score-table.ts";
import { summaryTable } from "../../../search/evaluate/summary-table.ts";
import { tableText } from "../../../search/evaluate/table.ts";
import { allTables } from "../../../search/evaluate/tables.ts";

const score = (task: string, dataSet: string, language: string, student: number) => ({
  task,
  dataSet,
  language,
  metric: "macroF1" as const,
  rows: 100,
  student,
});

const measured: Measured = {
  scores: [
    score("filter", "cold_zh", "zh", 0.8),
    score("filter", "mlma", "ar", 0.5),
    score("filter", "mlma", "en", 0.6),
    score("filter", "mlma", "fr", 0.7),
    score("filter", "hatecheck_en", "en", 0.1),
  ],
  kinds: [
    { dataSet: "hatecheck_en", language: "en", kind: "negate_neg_nh", rows: 30, accuracy: 0.5 },
    { dataSet: "hatecheck_en", language: "en", kind: "slur_h", rows: 10, accuracy: 0.9 },
  ],
  confusions: [
    { language: "hr", answer: "hr", rows: 60 },
    { language: "hr", answer: "bs", rows: 37 },
    { language: "hr", answer: "it", rows: 3 },
    { language: "bs", answer: "bs", rows: 100 },
  ],
  cuts: [
    { words: null, language: "hr", rows: 100, accuracy: 0.6 },
    { words: null, language: "bs", rows: 100, accuracy: 1 },
    { words: 3, language: "hr", rows: 100, accuracy: 0.2 },
  ],
  calibration: [{ task: "filter", before: 0.2, after: 0.05, temperature: 2 }],
};
const teacher: Measured = { ...measured, scores: measured.scores.map((s) => ({ ...s, student: 0.8 })), kinds: [] };
const subjects = new Map([
  ["small", measured],
  ["teacher", teacher],
]);

test("summaryTable() means over data sets, keeps suites of cases out of it, and gives the share of the teacher's", () => {
  const { rows } = summaryTable(subjects, "teacher");
  expect(rows[0]).toEqual(["filter, macroF1, mean over data sets", 70, 80]);
  expect(rows).toContainEqual(["hatecheck_en, cases that are told right", 60, null]);
  expect(rows).toContainEqual(["filter, share of the teacher's", 87.5, 100]);
});

test("summaryTable() means over suites for a task that has nothing else", () => {
  const suites = ["hatecheck_en", "kdnas_filter_suite"].map((name, i) => score("filter", name, "en", 0.2 + 0.2 * i));
  const { rows } = summaryTable(new Map([["small", { ...measured, scores: suites }]]), null);
  expect(rows[0]).toEqual(["filter, macroF1, mean over data sets", expect.closeTo(30)]);
});

test("scoreTable() has a row a data set with the mean of its languages, and a row a language", () => {
  const { rows } = scoreTable(subjects);
  expect(rows).toContainEqual(["filter", "mlma", "mean of 3", "macroF1", "300", 60, 80]);
  expect(rows).toContainEqual(["", "", "fr", "", "100", 70, 80]);
});

test("languageTables() lays the languages of a set side by side", () => {
  const [table, ...others] = languageTables(subjects);
  expect(table?.head).toEqual(["", "ar", "en", "fr", "mean"]);
  expect(table?.rows[0]).toEqual(["small", 50, 60, 70, 60]);
  expect(others).toEqual([]);
});

test("kindTable() gives the accuracy of each kind of case", () => {
  expect(kindTable(subjects).rows).toEqual([
    ["hatecheck_en", "en", "negate_neg_nh", "30", 50, null],
    ["hatecheck_en", "en", "slur_h", "10", 90, null],
  ]);
});

test("kindTable() puts the cases of a suite's languages together", () => {
  const suite = { dataSet: "suite", kind: "insult" };
  const kinds = [
    { ...suite, language: "es", rows: 6, accuracy: 1 },
    { ...suite, language: "hi", rows: 2, accuracy: 0 },
  ];
  expect(kindTable(new Map([["small", { ...measured, kinds }]])).rows).toEqual([["suite", "all 2", "insult", "8", 75]]);
});

test("confusionTables() sets close languages against each other, with all other answers in one column", () => {
  const table = confusionTables(new Map([["small", measured]])).find(({ title }) => title.includes("hr, bs"));
  expect(table?.rows).toEqual([
    ["hr", 60, 37, 3],
    ["bs", 0, 100, 0],
  ]);
});

test("mistakeTable() lists mistakes that a noticeable share of a language's rows falls to", () => {
  expect(mistakeTable(subjects).rows).toEqual([["hr", "bs", 37, 37]]);
});

test("cutTable() means over languages for each length", () => {
  expect(cutTable(subjects).rows).toEqual([
    ["all", "2", 80, 80],
    ["first 3", "1", 20, 20],
  ]);
});

test("calibrationTable() gives the error without and with temperature", () => {
  expect(calibrationTable(new Map([["small", measured]])).rows).toEqual([
    ["filter", "without", 20],
    ["", "with", 5],
  ]);
});

test("allTables() leaves out what was not measured, and tableText() prints it", () => {
  const empty: Measured = { scores: measured.scores, kinds: [], confusions: [], cuts: [], calibration: [] };
  const tables = allTables(new Map([["small", empty]]), null);
  expect(tables.map(({ title }) => title)).toEqual([
    "In short, times 100",
    "Scores on validation data, times 100",
    "mlma (filter) by language, times 100",
  ]);
  expect(tableText({ title: "t", head: ["a", "b"], rows: [["x", null]] })).toBe("t\na  b\nx  –");
});
