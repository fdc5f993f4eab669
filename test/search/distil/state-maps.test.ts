import { expect, test } from "vitest";
import { mappedLayers, neededTeacherLayers, stateMaps, uniformAndLast } from "../../../search/distil/state-maps.ts";
import { e5Small as teacher } from "../../fixtures/e5-small.ts";

const pairs = (student: number, teacher: number) =>
  uniformAndLast(student, teacher).map(({ studentLayer, teacherLayer }) => `${studentLayer}-${teacherLayer}`);

test("uniformAndLast() maps each layer onto one spread over the depth and one of the last", () => {
  expect(pairs(3, 12)).toEqual(["1-4", "1-10", "2-8", "2-11", "3-12", "pooled-pooled"]);
  expect(pairs(4, 12)).toEqual(["1-3", "1-9", "2-6", "2-10", "3-9", "3-11", "4-12", "pooled-pooled"]);
});

test("uniformAndLast() of as many layers as the teacher maps each onto its own", () => {
  expect(pairs(3, 3)).toEqual(["1-1", "2-2", "3-3", "pooled-pooled"]);
});

test("uniformAndLast() of a static student has the pooled state only", () => {
  expect(pairs(0, 12)).toEqual(["pooled-pooled"]);
});

test("stateMaps() of a student that starts as the teacher's lowest layers has the end of the teacher only", () => {
  const three = { ...teacher, layers: 3 };
  expect(stateMaps(three, teacher)).toEqual([
    { studentLayer: 3, teacherLayer: 12 },
    { studentLayer: "pooled", teacherLayer: "pooled" },
  ]);
  expect(mappedLayers(stateMaps(three, teacher))).toEqual([12]);
  expect(stateMaps({ ...three, hidden: 192 }, teacher)).toEqual(uniformAndLast(3, 12));
  expect(stateMaps({ ...teacher, layers: 0 }, teacher)).toEqual(uniformAndLast(0, 12));
});

test("neededTeacherLayers() holds what all students together map onto, once and in order", () => {
  expect(neededTeacherLayers([0, 1, 2, 3], 12)).toEqual([4, 6, 8, 10, 11, 12]);
  expect(neededTeacherLayers([0], 12)).toEqual([]);
});
