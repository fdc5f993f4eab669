import { expect, test } from "vitest";
import type { Corpus } from "../../../search/corpus/assemble.ts";
import { corpusHash } from "../../../search/corpus/corpus-hash.ts";
import { HeldOut } from "../../../search/corpus/split.ts";
import { createDeclaredTask } from "../../../src/tasks/declared.ts";
import { exampleOf } from "./material.ts";

type Declaration = Parameters<typeof createDeclaredTask>[0];

const tickets = (change: Partial<Declaration> = {}) =>
  createDeclaredTask({ name: "tickets", input: "text", metric: "macroF1", weight: 2, ...change } as Declaration);

const corpus: Corpus = {
  tasks: [tickets()],
  train: new Map([
    ["tickets", [exampleOf("en", "login", "I cannot sign in."), exampleOf("en", "billing", "Too dear.")]],
  ]),
  labels: new Map([["tickets", ["billing", "login"]]]),
  validation: [{ task: "tickets", dataSet: "desk", language: "en", rows: [exampleOf("en", "login", "Locked out.")] }],
  heldOut: new HeldOut(),
  unlabelled: [{ language: "nl", text: "Een zin." }],
  dataSets: [],
};

test("corpusHash() is the same for the same data", () => {
  expect(corpusHash(corpus)).toMatch(/^[0-9a-f]{12}$/);
  expect(corpusHash({ ...structuredClone({ ...corpus, tasks: [] }), tasks: [tickets()] })).toBe(corpusHash(corpus));
});

test.each<[string, Partial<Corpus>]>([
  ["a label's text", { train: new Map([["tickets", [exampleOf("en", "billing", "I cannot sign in.")]]]) }],
  ["the order of the labels", { labels: new Map([["tickets", ["login", "billing"]]]) }],
  ["a validation row", { validation: [] }],
  ["an unlabelled text", { unlabelled: [{ language: "nl", text: "Een andere zin." }] }],
  ["how often a declared task is trained", { tasks: [tickets({ weight: 5 })] }],
  ["what it is judged by", { tasks: [tickets({ metric: "accuracy" })] }],
  ["what it is learned beside", { tasks: [tickets({ beside: "filter" })] }],
])("corpusHash() changes with %s", (_what, change) => {
  expect(corpusHash({ ...corpus, ...change })).not.toBe(corpusHash(corpus));
});
