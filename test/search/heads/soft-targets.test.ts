import { expect, test } from "vitest";
import { type Answers, type AskedText, textsToAsk, withSoftTargets } from "../../../search/heads/soft-targets.ts";
import { fullTrust } from "../../../search/heads/teacher-trust.ts";
import type { EncodedExample, EncodedTask } from "../../../search/student/encoded-task.ts";
import { must } from "../../../src/invariant.ts";
import { taskNamed } from "../../../src/tasks/index.ts";

function text(dataSet: string, ...ids: number[]): AskedText {
  return { ids: Int32Array.from(ids), pairIds: null, surface: null, dataSet };
}

function example(dataSet: string, ids: number[], target: number[]): EncodedExample {
  const text = { ids: Int32Array.from(ids), pairIds: null, surface: null };
  return { ...text, target: Float32Array.from(target), weight: 1, dataSet };
}

function encoded(name: string, labels: string[], examples: EncodedExample[]): EncodedTask {
  return { task: taskNamed(name), labels, examples };
}

function targetsOf({ examples }: EncodedTask): number[][] {
  return examples.map(({ target }) => [...target].map((p) => Math.round(p * 1000) / 1000));
}

/** Somebody's logits of `asked`, believed about everything. */
function said(asked: AskedText[], logits: [task: string, rows: Float32Array[]][], trust = fullTrust): Answers {
  return { from: "teacher", asked, logits: new Map(logits), trust };
}

const options = { seed: 1, dataSetShare: () => 1 };

test("textsToAsk() gives what a small set leaves to the others", () => {
  const small = [text("small", 1, 2), text("small", 3, 4)];
  const large = Array.from({ length: 400 }, (_, i) => text("large", 5, i));
  const asked = textsToAsk([...small, ...large], { ...options, tokens: 200 });
  expect(asked.filter(({ dataSet }) => dataSet === "small")).toHaveLength(2);
  expect(asked.filter(({ dataSet }) => dataSet === "large")).toHaveLength(98);
});

test("textsToAsk() weighs sets by share and by the root of their size, and takes each text once", () => {
  const sets = [
    ...Array.from({ length: 100 }, (_, i) => text("a", 1, i)),
    ...Array.from({ length: 400 }, (_, i) => text("b", 2, i % 300)),
  ];
  const asked = textsToAsk(sets, { seed: 1, tokens: 200, dataSetShare: (set) => (set === "a" ? 2 : 1) });
  const count = (set: string) => asked.filter(({ dataSet }) => dataSet === set).length;
  expect(count("a") / count("b")).toBeCloseTo((2 * Math.sqrt(100)) / Math.sqrt(300), 1);
  expect(new Set(asked.map(({ ids }) => ids.join())).size).toBe(asked.length);
});

test("textsToAsk() asks about the same texts of a set, whatever other sets there are", () => {
  const [one, other] = ["one", "other"].map((set) => Array.from({ length: 50 }, (_, i) => text(set, 3, i)));
  const idsOf = (asked: readonly AskedText[]) =>
    asked.filter(({ dataSet }) => dataSet === "other").map(({ ids }) => ids);
  const alone = idsOf(textsToAsk(must(other), { ...options, tokens: 20 }));
  const beside = idsOf(textsToAsk([...must(one), ...must(other)], { ...options, tokens: 40 }));
  expect(alone).toHaveLength(10);
  expect(new Set(beside.map(String))).toEqual(new Set(alone.map(String)));
});

test("withSoftTargets() mixes label and teacher, and adds what only the teacher has an opinion of", () => {
  const sentiment = encoded("sentiment", ["negative", "neutral", "positive"], [example("tweets", [1, 2], [0, 0, 1])]);
  const filter = encoded("filter", ["acceptable", "toxic"], [example("posts", [3, 4], [1, 0])]);
  const asked = [text("tweets", 1, 2), text("posts", 3, 4)];
  const even = [Float32Array.of(0, 0, 0), Float32Array.of(0, 0, 0)];
  const toxic = [Float32Array.of(-50, 50), Float32Array.of(-50, 50)];
  const teacher = said(asked, [
    ["sentiment", even],
    ["filter", toxic],
  ]);
  const [softSentiment, softFilter] = withSoftTargets([sentiment, filter], [teacher]) as [EncodedTask, EncodedTask];
  expect(targetsOf(softSentiment)).toEqual([
    [0.25, 0.25, 0.5],
    [0.333, 0.333, 0.333],
  ]);
  expect(targetsOf(softFilter)).toEqual([
    [0.25, 0.75],
    [0, 1],
  ]);
  expect(softFilter.examples.map(({ dataSet }) => dataSet)).toEqual(["posts", "tweets (teacher)"]);
});

test("withSoftTargets() leaves labels that are facts and texts that were not asked about as they are", () => {
  const language = encoded("language", ["de", "en"], [example("corpus", [1], [1, 0])]);
  const filter = encoded("filter", ["acceptable", "toxic"], [example("posts", [9], [1, 0])]);
  const teacher = said(
    [text("corpus", 1)],
    [
      ["language", [Float32Array.of(0, 0)]],
      ["filter", [Float32Array.of(0, 0)]],
    ],
  );
  const soft = withSoftTargets([language, filter], [teacher]);
  expect(soft[0]).toBe(language);
  expect(must(soft[1]).examples[0]).toBe(filter.examples[0]);
});

test("withSoftTargets() finds a pair by both of its texts", () => {
  const pair = (ids: number[], pairIds: number[], score: number): EncodedExample => ({
    ...example("pairs", ids, [1 - score, score]),
    ...{ pairIds: Int32Array.from(pairIds), surface: Float32Array.of(score) },
  });
  const own = [pair([1, 2], [3], 1), pair([1, 2], [4], 1), pair([1], [2, 4], 1)];
  const teacher = said([must(own[1])], [["adequacy", [Float32Array.of(0, 0)]]]);
  const [mixed] = withSoftTargets([encoded("adequacy", ["inadequate", "adequate"], own)], [teacher]);
  expect(targetsOf(must(mixed))).toEqual([
    [0, 1],
    [0.375, 0.625],
    [0, 1],
  ]);
});

test("withSoftTargets() leaves alone the sets that the teacher is not trusted about", () => {
  const labels = ["negative", "positive"];
  const own = [example("tweets", [1, 2], [0, 1]), example("reviews", [5, 6], [0, 1])];
  const asked = [text("tweets", 1, 2), text("reviews", 5, 6), text("posts", 3, 4)];
  const even = asked.map(() => Float32Array.of(0, 0));
  const taught = (trusted: (string | null)[]) => {
    const teacher = said(asked, [["sentiment", even]], (_, set) => (trusted.includes(set) ? 0.75 : 0));
    return targetsOf(must(withSoftTargets([encoded("sentiment", labels, own)], [teacher])[0]));
  };
  expect(taught(["tweets"])).toEqual([
    [0.375, 0.625],
    [0, 1],
  ]);
  expect(taught(["reviews", null])).toEqual([
    [0, 1],
    [0.375, 0.625],
    [0.5, 0.5],
  ]);
});

test("withSoftTargets() pools what several say, each where it is believed", () => {
  const own = [example("tweets", [1, 2], [0, 1]), example("reviews", [5, 6], [0, 1])];
  const texts = [text("tweets", 1, 2), text("reviews", 5, 6)];
  const even = Math.log(3);
  const one = said(texts, [["sentiment", [Float32Array.of(even, 0), Float32Array.of(0, 0)]]]);
  const other = said(
    [...texts, text("posts", 3, 4)],
    [["sentiment", [Float32Array.of(5, 5 + even), Float32Array.of(0, 40), Float32Array.of(0, 0)]]],
    (_, set) => (set === "reviews" ? 0 : 0.75),
  );
  const [pooled] = withSoftTargets([encoded("sentiment", ["negative", "positive"], own)], [one, other]);
  // Three to one and one to three are even; of reviews only the first is believed.
  expect(targetsOf(must(pooled))).toEqual([
    [0.375, 0.625],
    [0.375, 0.625],
    [0.5, 0.5],
  ]);
});

test("withSoftTargets() mixes as much into labels as whoever is believed is believed", () => {
  const own = [example("tweets", [1, 2], [0, 1]), example("reviews", [5, 6], [0, 1])];
  const texts = [text("tweets", 1, 2), text("reviews", 5, 6)];
  const even = texts.map(() => Float32Array.of(0, 0));
  const teacher = said(texts, [["sentiment", even]], (_, set) => (set === "tweets" ? 0.5 : 0.75));
  const [mixed] = withSoftTargets([encoded("sentiment", ["negative", "positive"], own)], [teacher]);
  expect(targetsOf(must(mixed))).toEqual([
    [0.25, 0.75],
    [0.375, 0.625],
  ]);
});

test("withSoftTargets() hears students together as much as teachers together", () => {
  const asked = [text("posts", 3, 4)];
  const answer = (from: Answers["from"], ...logits: number[]): Answers => ({
    ...said(asked, [["sentiment", [Float32Array.from(logits)]]]),
    from,
  });
  const three = Array.from({ length: 3 }, () => answer("student", 0, 2 * Math.log(3)));
  const [pooled] = withSoftTargets(
    [encoded("sentiment", ["negative", "positive"], [])],
    [...three, answer("teacher", 0, 0)],
  );
  expect(targetsOf(must(pooled))).toEqual([[0.25, 0.75]]);
});
