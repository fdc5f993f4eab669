import { expect, test } from "vitest";
import { reasonToStay, setChanges } from "../../../search/corrections/gate.ts";

function scores(values: Readonly<Record<string, number>>) {
  return Object.entries(values).map(([name, student]) => {
    const [task = "", dataSet = "", language = ""] = name.split(" ");
    return { task, dataSet, language, student };
  });
}

const before = { scores: scores({ "filter a de": 0.8, "filter a en": 0.6, "sentiment b en": 0.5 }), right: 0.4 };
const after = (values: Readonly<Record<string, number>>, right = 0.6) => ({ scores: scores(values), right });

test("setChanges() is in points, of each set's mean over its languages, the worst first", () => {
  const changed = after({ "filter a de": 0.9, "filter a en": 0.52, "sentiment b en": 0.49 });
  const rounded = setChanges({ before, after: changed }).map((change) => ({
    ...change,
    points: Math.round(10 * change.points) / 10,
  }));
  expect(rounded).toEqual([
    { task: "sentiment", dataSet: "b", points: -1 },
    { task: "filter", dataSet: "a", points: 1 },
  ]);
});

test("reasonToStay() allows a loss of half a point and no more", () => {
  const kept = { "filter a de": 0.8, "filter a en": 0.6 };
  expect(reasonToStay({ before, after: after({ ...kept, "sentiment b en": 0.496 }) })).toBeNull();
  expect(reasonToStay({ before, after: after({ ...kept, "sentiment b en": 0.494 }) })).toBe(
    "sentiment on b would lose 0.60 points, more than 0.5",
  );
});

test("reasonToStay() asks for a gain on the held-out corrections, and for every set", () => {
  const same = { "filter a de": 0.8, "filter a en": 0.6, "sentiment b en": 0.5 };
  expect(reasonToStay({ before, after: after(same, 0.4) })).toMatch(/40\.0 % right, before 40\.0 %: nothing is gained/);
  expect(reasonToStay({ before, after: after(same, Number.NaN) })).toMatch(/nothing is gained/);
  expect(reasonToStay({ before, after: after({ "filter a de": 0.8, "filter a en": 0.6 }) })).toMatch(/sentiment on b/);
});
