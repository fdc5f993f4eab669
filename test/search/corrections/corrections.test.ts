import { expect, test } from "vitest";
import { HeldOut } from "../../../search/corpus/split.ts";
import { heldOutShare, meantLabel, toCorrections } from "../../../search/corrections/corrections.ts";
import type { FeedbackRecord } from "../../../src/contract/feedback.ts";
import { taskNamed } from "../../../src/tasks/index.ts";

const tasks = ["filter", "sentiment", "adequacy"].map((name) => {
  const task = taskNamed(name);
  return { task, labels: task.labels ?? [] };
});

let count = 0;
function record(said: Partial<FeedbackRecord>): FeedbackRecord {
  const id = String(count++).padStart(24, "0");
  return { id, at: "2026-01-31T12:00:00Z", task: "filter", texts: [`text ${id}`], key: null, ...said };
}

const all = ({ train, heldOut }: ReturnType<typeof toCorrections>) => [...train, ...heldOut];

test("toCorrections() turns labels and scores into targets", () => {
  const corrections = toCorrections(
    [
      record({ label: "toxic" }),
      record({ score: 0.25 }),
      record({ task: "sentiment", label: "neutral" }),
      record({ task: "adequacy", texts: ["a", "b"], label: "adequate" }),
    ],
    tasks,
    new HeldOut(),
  );
  const targets = all(corrections).map(({ task, target }) => `${task} ${[...target]}`);
  expect(targets.sort()).toEqual(["adequacy 0,1", "filter 0,1", "filter 0.75,0.25", "sentiment 0,1,0"]);
});

test("toCorrections() leaves out what cannot be learned, and texts that are judged on, saying how many", () => {
  const heldOut = new HeldOut();
  heldOut.add({ text: "A text of a test set", language: "en", label: "0" });
  const { leftOut, ...rest } = toCorrections(
    [
      record({ task: "mood", label: "good" }),
      record({ label: "rude" }),
      record({ task: "sentiment", score: 1 }),
      record({ task: "adequacy", texts: ["a"], score: 1 }),
      record({ texts: ["a text of a TEST set!"], label: "toxic" }),
      record({ task: "adequacy", texts: ["x", "a text of a test set"], score: 1 }),
    ],
    tasks,
    heldOut,
  );
  expect(all({ leftOut, ...rest })).toEqual([]);
  expect(leftOut).toEqual({
    "the student has no task mood": 1,
    "a label that filter does not have": 1,
    "a score, and sentiment has 3 labels": 1,
    "adequacy is about another number of texts": 1,
    "the text is of a validation or test set": 2,
  });
});

test("toCorrections() takes the mean of what several said of a text, and judges nothing by those of two minds", () => {
  const texts = Array.from({ length: 200 }, (_, i) => [`text ${i}`]);
  const two = toCorrections(
    texts.flatMap((of) => [record({ texts: of, label: "toxic" }), record({ texts: of, label: "acceptable" })]),
    tasks,
    new HeldOut(),
  );
  expect(two.heldOut).toEqual([]);
  expect(new Set(two.train.map(({ target }) => String([...target])))).toEqual(new Set(["0.5,0.5"]));
  const three = toCorrections(
    ["toxic", "toxic", "acceptable"].map((label) => record({ texts: ["a"], label })),
    tasks,
    new HeldOut(),
  );
  expect(all(three).map(meantLabel)).toEqual([1]);
});

test("toCorrections() always holds the same texts out, about one in five", () => {
  const records = Array.from({ length: 1000 }, (_, i) => record({ texts: [`number ${i}`], label: "toxic" }));
  const [once, again] = [records, [...records].reverse()].map((of) => toCorrections(of, tasks, new HeldOut()));
  const textsOf = (of: typeof once) => of?.heldOut.map(({ texts }) => texts[0]).sort();
  expect(textsOf(again)).toEqual(textsOf(once));
  expect(Math.abs((once?.heldOut.length ?? 0) / 1000 - heldOutShare)).toBeLessThan(0.05);
});
