import { expect, test } from "vitest";
import { ManifestTask } from "../../../src/contract/manifest.ts";
import { Result } from "../../../src/contract/prediction.ts";
import { createDeclaredTask, declarationOf } from "../../../src/tasks/declared.ts";
import { taskNamed, taskOf } from "../../../src/tasks/index.ts";

const labels = ["billing", "delivery", "login"];
const tickets = createDeclaredTask({ name: "tickets", input: "text", metric: "macroF1", labels });
const similarity = createDeclaredTask({
  name: "similarity",
  input: "pair",
  metric: "pearson",
  labels: ["different", "same"],
});
const row = (label: string) => ({ text: "Where is my parcel?", language: "en", label });

/** As a search writes it and a server reads it. */
function written(task: typeof tickets, names: readonly string[]): ManifestTask {
  const { name, input } = task;
  const entry = { name, input, labels: [...names], file: "model.onnx", temperature: 1, languages: ["en"] };
  return ManifestTask.parse(JSON.parse(JSON.stringify({ ...entry, ...declarationOf(task) })));
}

test("a declared task's toTarget() reads label names and class numbers, and nothing else", () => {
  expect(tickets.toTarget(row("delivery"), labels, "any")).toEqual(Float32Array.of(0, 1, 0));
  expect(tickets.toTarget(row("2"), labels, "any")).toEqual(Float32Array.of(0, 0, 1));
  for (const label of ["", "refund", "3", "-1"]) expect(tickets.toTarget(row(label), labels, "any")).toBeNull();
  expect(tickets.toTruth(row("login"), labels)).toBe(2);
  expect(tickets.toTruth(row("refund"), labels)).toBe(-1);
});

test("where labels are numbers themselves, no other number is one", () => {
  const stars = ["3", "1", "2"];
  expect(tickets.toTruth(row("1"), stars)).toBe(1);
  expect(tickets.toTruth(row("0"), stars)).toBe(-1);
});

test("a declared score's toTarget() reads 0 to 100", () => {
  expect(similarity.toTarget(row("75"), [], "any")).toEqual(Float32Array.of(0.25, 0.75));
  for (const label of ["", "high", "101", "-1"]) expect(similarity.toTarget(row(label), [], "any")).toBeNull();
  expect(similarity.toTruth(row("75"), [])).toBe(75);
});

test("taskOf() makes of a manifest's entry the task that wrote it", () => {
  const entry = written(tickets, labels);
  const task = taskOf(entry);
  expect(task).toMatchObject({ name: "tickets", input: "text", metric: "macroF1", route: "tasks/tickets" });
  expect(task.toResult([0, 3, 0], entry)).toMatchObject({ label: "delivery" });
  const pair = written(similarity, ["different", "same"]);
  expect(taskOf(pair).toResult([0, 2], pair)).toMatchObject({ label: "same", score: 1 / (1 + Math.exp(-2)) });
  expect(taskOf(pair).toResult([2, 0], pair)).toMatchObject({ label: "different", score: 1 / (1 + Math.exp(2)) });
});

test("taskOf() takes a built-in task by its name, and declarationOf() says nothing of it", () => {
  const filter = taskNamed("filter");
  expect(taskOf(written(filter, ["acceptable", "toxic"]))).toBe(filter);
  expect(declarationOf(filter)).toEqual({});
  expect(() => taskOf({ ...written(filter, ["a", "b"]), name: "spam" })).toThrow('no task "spam"');
});

test("toResult() shows every label up to twenty, and five of more", () => {
  const many = Array.from({ length: 21 }, (_, i) => `label-${i}`);
  const entry = (names: readonly string[]) => written(tickets, names);
  const shown = (names: readonly string[]) => {
    const result = tickets.toResult(
      names.map((_, i) => i),
      entry(names),
    );
    expect(Result.parse(result)).toEqual(result);
    return Object.keys(result.scores);
  };
  expect(shown(many.slice(0, 20))).toHaveLength(20);
  expect(shown(many)).toEqual(["label-20", "label-19", "label-18", "label-17", "label-16"]);
});
