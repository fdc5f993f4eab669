import { expect, test } from "vitest";
import { chooseStudent, tasksInOnePass } from "../../serve/choose.ts";
import { createStudent, type Student } from "../../serve/student.ts";
import { UnavailableError, UnknownModelError } from "../../src/errors.ts";
import { type TinyStudent, tinyManifest } from "../fixtures/tiny-student.ts";

const student = (options: TinyStudent) => createStudent(options.name, tinyManifest(options), 128);
const large = student({ name: "large", score: 0.8 });
const small = student({ name: "small", score: 0.6 });
const students = [small, large];
const took = (s: Student) => (s === large ? 10 : 1);
const tasks = ["sentiment"];

test("chooseStudent() takes the most accurate one without a budget", () => {
  expect(chooseStudent(students, { tasks }, took)).toEqual({ student: large, downgraded: false });
});

test("chooseStudent() takes the most accurate one that fits the budget, and says when another was better", () => {
  expect(chooseStudent(students, { tasks, budgetMs: 20 }, took)).toEqual({ student: large, downgraded: false });
  expect(chooseStudent(students, { tasks, budgetMs: 5 }, took)).toEqual({ student: small, downgraded: true });
});

test("chooseStudent() takes the fastest when none fits", () => {
  expect(chooseStudent(students, { tasks, budgetMs: 0.1 }, took).student).toBe(small);
});

test("chooseStudent() obeys a name", () => {
  expect(chooseStudent(students, { tasks, name: "small" }, took)).toEqual({ student: small, downgraded: false });
  expect(() => chooseStudent(students, { tasks, name: "other" }, took)).toThrow(UnknownModelError);
});

test("chooseStudent() passes over students that do not cover the task", () => {
  const filterOnly = student({ name: "filter-only", score: 0.9, tasks: ["filter"] });
  expect(chooseStudent([filterOnly, small], { tasks }, took).student).toBe(small);
  expect(() => chooseStudent([filterOnly], { tasks }, took)).toThrow(/no student covers sentiment/);
  expect(() => chooseStudent([filterOnly], { tasks, name: "filter-only" }, took)).toThrow(/does not cover sentiment/);
});

test("chooseStudent() without students says that it may pass", () => {
  expect(() => chooseStudent([], { tasks }, took)).toThrow(UnavailableError);
});

test("tasksInOnePass() is what the broadest student answers about single texts", () => {
  expect(tasksInOnePass([student({ name: "a", tasks: ["filter"] }), small], undefined)).toEqual([
    "filter",
    "sentiment",
    "language",
  ]);
});
