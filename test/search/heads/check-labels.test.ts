import { expect, test } from "vitest";
import { checkTeachers } from "../../../search/heads/check-labels.ts";
import type { FineTunedTeacher } from "../../../search/teacher/fine-tune.ts";
import { ConfigError } from "../../../src/errors.ts";
import { taskNamed } from "../../../src/tasks/index.ts";

const labels = ["negative", "neutral", "positive"];
const tasks = [
  { task: taskNamed("sentiment"), labels },
  { task: taskNamed("language"), labels: ["de", "en"] },
];

function teacherOf(...known: FineTunedTeacher["tasks"]): FineTunedTeacher {
  return { folder: "runs/teacher/abc", tasks: known } as unknown as FineTunedTeacher;
}

test("checkTeachers() refuses a teacher with the labels of a task in another order, and names both", () => {
  const turned = teacherOf({ name: "sentiment", labels: [...labels].reverse() });
  const check = () => checkTeachers([teacherOf({ name: "sentiment", labels }), turned], tasks);
  expect(check).toThrow(ConfigError);
  expect(check).toThrow("runs/teacher/abc: its labels of sentiment are positive,neutral,negative, not negative,");
});

test("checkTeachers() leaves alone what only one of both has, and what is not learned from teachers", () => {
  const others = teacherOf({ name: "tickets", labels: ["a", "b"] }, { name: "language", labels: ["en"] });
  expect(() => checkTeachers([others], tasks)).not.toThrow();
});
