import { describe, expect, test } from "vitest";
import type { ManifestTask } from "../../../src/contract/manifest.ts";
import { Result } from "../../../src/contract/prediction.ts";
import { UnknownModelError } from "../../../src/errors.ts";
import { taskNamed, tasks } from "../../../src/tasks/index.ts";
import type { LabelledRow } from "../../../src/tasks/task.ts";

const languages = ["de", "en", "fr", "ja", "nl", "zh"];
const rows: Record<string, LabelledRow> = {
  filter: { text: "You fool.", language: "en", label: "1" },
  sentiment: { text: "Lovely.", language: "en", label: "1" },
  language: { text: "Bonjour", language: "fr", label: "fr" },
  adequacy: { text: "Thanks", pair: "Danke", language: "en-de", label: "100" },
};

function trained(name: string, change: Partial<ManifestTask> = {}): ManifestTask {
  const task = taskNamed(name);
  const labels = [...(task.labels ?? languages)];
  return { name, input: task.input, labels, file: "model.onnx", temperature: 1, languages: [], ...change };
}

describe.each(tasks.map((task) => [task.name, task] as const))("task %s", (name, task) => {
  const labels = task.labels ?? languages;
  const row = rows[name] as LabelledRow;

  test("toTarget() gives a probability for each label, summing to 1", () => {
    const target = task.toTarget(row, labels, "any") as Float32Array;
    expect(target).toHaveLength(labels.length);
    expect(target.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
  });

  test("toTarget() is null for a cell that says nothing", () => {
    expect(task.toTarget({ ...row, label: "" }, labels, "any")).toBeNull();
    expect(task.toTarget({ ...row, label: "?" }, labels, "any")).toBeNull();
  });

  test("toPredicted() of a row's own target is its truth", () => {
    const predicted = task.toPredicted(task.toTarget(row, labels, "any") as Float32Array, trained(name));
    const truth = task.toTruth(row, labels);
    expect(predicted).toBe(task.metric === "pearson" ? truth / 100 : truth);
  });

  test("toResult() gives a valid result with at most five scores", () => {
    const result = task.toResult(
      labels.map((_, i) => i / 2),
      trained(name),
    );
    expect(Result.parse(result)).toEqual(result);
    expect(Object.keys(result.scores)).toHaveLength(Math.min(5, labels.length));
    expect(result.label).toBe(labels.at(-1));
  });

  test("toResult() refuses logits of another length as a bug", () => {
    expect(() => task.toResult([0], trained(name))).toThrow();
  });
});

test("taskNamed() throws for an unknown task and names the known ones", () => {
  expect(() => taskNamed("spam")).toThrow(UnknownModelError);
  expect(() => taskNamed("spam")).toThrow(/filter, sentiment, language, adequacy/);
});

test("filter's toResult() decides by the threshold, not by the larger half", () => {
  const { toResult } = taskNamed("filter");
  const result = toResult([1, 0], trained("filter", { threshold: 0.25 }));
  expect(result.label).toBe("toxic");
  expect(result.score).toBeCloseTo(1 / (1 + Math.E), 6);
  expect(toResult([1, 0], trained("filter", { threshold: 0.3 })).label).toBe("acceptable");
});

test("a temperature above 1 makes sentiment's toResult() less sure", () => {
  const { toResult } = taskNamed("sentiment");
  const sure = toResult([0, 0, 3], trained("sentiment"));
  const calm = toResult([0, 0, 3], trained("sentiment", { temperature: 2 }));
  expect(calm.label).toBe("positive");
  expect(calm.score).toBeLessThan(sure.score);
});

test("language's toResult() lists the likeliest first", () => {
  const { scores } = taskNamed("language").toResult([0, 5, 1, 4, 2, 3], trained("language"));
  expect(Object.keys(scores)).toEqual(["en", "ja", "zh", "nl", "fr"]);
});
