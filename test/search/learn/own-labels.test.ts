import { expect, test } from "vitest";
import type { Corpus } from "../../../search/corpus/assemble.ts";
import { HeldOut } from "../../../search/corpus/split.ts";
import { withLabelsOf, withSharedLabels } from "../../../search/learn/own-labels.ts";
import { createDeclaredTask } from "../../../src/tasks/declared.ts";
import { taskNamed } from "../../../src/tasks/index.ts";
import type { Task } from "../../../src/tasks/task.ts";

const language = taskNamed("language");
const tickets = createDeclaredTask({ name: "tickets", input: "text", metric: "macroF1" });

/** Two rows a label to learn from, one to be judged by. */
function corpusOf(task: Task, labels: readonly string[]): Corpus {
  const row = (label: string) => ({ text: `a text of ${label}`, language: "en", label, dataSet: "made", weight: 1 });
  return {
    tasks: [task],
    train: new Map([[task.name, [...labels, ...labels].map(row)]]),
    labels: new Map([[task.name, labels]]),
    validation: labels.map((label) => ({ task: task.name, dataSet: "made", language: label, rows: [row(label)] })),
    unlabelled: [],
    heldOut: new HeldOut(),
    dataSets: [],
  };
}

function studentOf({ name }: Task, labels: readonly string[]) {
  return { name: "made", tasks: [{ name, labels: [...labels] }] };
}

test("withLabelsOf() keeps the languages that a student has, and leaves out rows of those that it does not have", () => {
  const said: string[] = [];
  const student = studentOf(language, ["de", "en", "kab"]);
  const adapted = withLabelsOf(student, corpusOf(language, ["de", "en", "sc"]), (line) => said.push(line));
  expect(adapted.labels.get("language")).toEqual(["de", "en", "kab"]);
  expect(adapted.train.get("language")?.map(({ label }) => label)).toEqual(["de", "en", "de", "en"]);
  expect(adapted.validation.map((set) => set.language)).toEqual(["de", "en"]);
  expect(said).toEqual([
    "made · language: 1 (kab) of 3 labels without rows are learned no further; rows of 1 (sc) that it does not have are left out",
  ]);
});

test("withLabelsOf() says nothing and changes nothing where the labels are the same", () => {
  const said: string[] = [];
  const corpus = corpusOf(language, ["de", "en"]);
  expect(withLabelsOf(studentOf(language, ["de", "en"]), corpus, (line) => said.push(line))).toBe(corpus);
  expect(said).toEqual([]);
});

test("withLabelsOf() takes the part of a declared task's labels that there are rows of, and refuses a new one", () => {
  const student = studentOf(tickets, ["billing", "delivery"]);
  const part = withLabelsOf(student, corpusOf(tickets, ["delivery"]), () => {});
  expect(part.labels.get("tickets")).toEqual(["billing", "delivery"]);
  expect(() => withLabelsOf(student, corpusOf(tickets, ["delivery", "returns"]), () => {})).toThrow(
    /tickets labels that it does not have \(returns\)/u,
  );
});

test("withLabelsOf() takes declared labels in another order, or some of them: rows name theirs", () => {
  const declared = (labels: string[]) =>
    createDeclaredTask({ name: "tickets", input: "text", metric: "macroF1", labels });
  for (const [labels, own] of [
    [
      ["billing", "login"],
      ["login", "billing"],
    ],
    [
      ["b", "c"],
      ["a", "b", "c"],
    ],
  ] as [string[], string[]][]) {
    const task = declared(labels);
    const adapted = withLabelsOf(studentOf(task, own), corpusOf(task, labels), () => {});
    expect(adapted.labels.get("tickets")).toEqual(own);
    expect(adapted.train.get("tickets")?.map(({ label }) => label)).toEqual([...labels, ...labels]);
  }
});

test("withLabelsOf() refuses a score between other ends than a student's", () => {
  const task = createDeclaredTask({ name: "tickets", input: "text", metric: "pearson", labels: ["bad", "good"] });
  expect(() => withLabelsOf(studentOf(task, ["good", "bad"]), corpusOf(task, ["bad", "good"]), () => {})).toThrow(
    "made: these data say that tickets lies between bad and good, and it answers between good and bad: ",
  );
});

test("withSharedLabels() takes the labels that all students of a task have, and keeps the data's where they differ", () => {
  const corpus = corpusOf(tickets, ["a", "b"]);
  const [more, same] = [studentOf(tickets, ["a", "b", "c"]), studentOf(tickets, ["a", "b"])];
  expect(withSharedLabels([more, more], corpus).labels.get("tickets")).toEqual(["a", "b", "c"]);
  expect(withSharedLabels([more, same], corpus)).toBe(corpus);
  expect(withSharedLabels([same, more], corpus)).toBe(corpus);
});
