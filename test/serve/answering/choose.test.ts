import { expect, test } from "vitest";
import { chooseStudent, rankStudents, tasksInOnePass } from "../../../serve/answering/choose.ts";
import { createStudent, type Student } from "../../../serve/students/student.ts";
import { OverloadedError, UnavailableError, UnknownModelError } from "../../../src/errors.ts";
import { type TinyStudent, tinyManifest } from "../../fixtures/tiny-student.ts";

const student = (options: TinyStudent) => createStudent(options.name, tinyManifest(options), 128);
const large = student({ name: "large", score: 0.8 });
const small = student({ name: "small", score: 0.6 });
const students = [small, large];
const took = (s: Student) => ({ p95Ms: s === large ? 10 : 1, aloneMs: s === large ? 5 : 0.5, waitMs: 0, busyShare: 0 });
/** As much on top for what waits. */
const busy = (waitMs: number) => (s: Student) => ({ ...took(s), p95Ms: took(s).p95Ms + waitMs, waitMs });
const tasks = ["sentiment"];

test("chooseStudent() takes the most accurate one without a budget", () => {
  expect(chooseStudent(students, { tasks }, took)).toEqual({ student: large, downgraded: false, hopeless: false });
});

test("chooseStudent() takes the most accurate one that fits the budget, and says when another was better", () => {
  expect(chooseStudent(students, { tasks, budgetMs: 20 }, took)).toEqual({
    student: large,
    downgraded: false,
    hopeless: false,
  });
  expect(chooseStudent(students, { tasks, budgetMs: 5 }, took)).toEqual({
    student: small,
    downgraded: true,
    hopeless: false,
  });
});

test("chooseStudent() tries the fastest for a budget that no student could ever keep, while nothing waits", () => {
  expect(chooseStudent(students, { tasks, budgetMs: 0.1 }, took)).toMatchObject({ student: small, hopeless: true });
  expect(() => chooseStudent(students, { tasks, budgetMs: 0.1 }, busy(5))).toThrow(OverloadedError);
});

test("chooseStudent() lets the fastest try what it should, though it may not, do in time", () => {
  const wish = { tasks, budgetMs: 20, leftMs: 0.8 };
  expect(chooseStudent(students, wish, took)).toMatchObject({ student: small, hopeless: false });
  expect(chooseStudent(students, wish, busy(0.3))).toMatchObject({ student: small, hopeless: false });
  expect(() => chooseStudent(students, wish, busy(0.4))).toThrow(OverloadedError);
  expect(() => chooseStudent(students, { ...wish, leftMs: 0.3 }, took)).toThrow(OverloadedError);
  expect(() => chooseStudent(students, { ...wish, inTime: true }, took)).toThrow(OverloadedError);
});

test("chooseStudent() steps down under load, and refuses only when none fits", () => {
  expect(chooseStudent(students, { tasks, budgetMs: 20 }, busy(15))).toMatchObject({
    student: small,
    downgraded: true,
  });
  expect(() => chooseStudent(students, { tasks, budgetMs: 20 }, busy(30))).toThrow(OverloadedError);
});

test("chooseStudent() asks a slower student only while little of the budget is gone", () => {
  const chosen = (waitMs: number, leftMs = 100) =>
    chooseStudent(students, { tasks, budgetMs: 100, leftMs }, busy(waitMs)).student;
  expect([chosen(0), chosen(20), chosen(21), chosen(90)]).toEqual([large, large, small, small]);
  expect([chosen(0, 80), chosen(0, 79)]).toEqual([large, small]);
});

test("chooseStudent() asks a slower student only where it could answer all that comes, with time to spare", () => {
  const chosen = (largeShare: number) =>
    chooseStudent(students, { tasks, budgetMs: 100 }, (s) => ({
      ...took(s),
      busyShare: s === large ? largeShare : 2,
    })).student;
  expect([chosen(0.1), chosen(0.5), chosen(0.51), chosen(3)]).toEqual([large, large, small, small]);
});

test("chooseStudent() says when the fastest should have time again", () => {
  const refused = (waitMs: number) => {
    try {
      return chooseStudent(students, { tasks, budgetMs: 20 }, busy(waitMs));
    } catch (error) {
      return error;
    }
  };
  expect(refused(30)).toMatchObject({ retryAfterSeconds: 1 });
  expect(refused(3500)).toMatchObject({ retryAfterSeconds: 4 });
});

test("chooseStudent() passes over students that were tried, which is a downgrade", () => {
  const tried = new Set([large.id]);
  expect(chooseStudent(students, { tasks, budgetMs: 20, tried }, took)).toMatchObject({
    student: small,
    downgraded: true,
  });
  const all = new Set(students.map(({ id }) => id));
  expect(() => chooseStudent(students, { tasks, budgetMs: 20, tried: all }, took)).toThrow(OverloadedError);
});

test("rankStudents() goes by the tasks that all have scores for, and puts those without any last", () => {
  const judgedAt = (name: string, score: number, judged: readonly string[]) => {
    const manifest = tinyManifest({ name, score, tasks: ["sentiment", "filter"] });
    const scores = manifest.scores.filter(({ task }) => judged.includes(task));
    return createStudent(name, { ...manifest, scores }, 128);
  };
  const ranked = (...of: Student[]) =>
    rankStudents(of, { tasks: ["sentiment", "filter"] }).map(({ manifest }) => manifest.name);
  const [weak, strong] = [judgedAt("weak", 0.6, ["sentiment"]), judgedAt("strong", 0.8, ["sentiment"])];
  expect(ranked(weak, strong)).toEqual(["strong", "weak"]);
  expect(ranked(weak, judgedAt("both", 0.7, ["sentiment", "filter"]))).toEqual(["both", "weak"]);
  const [unknown, known] = [judgedAt("unknown", 0.9, []), judgedAt("known", 0.5, ["sentiment", "filter"])];
  expect(ranked(unknown, known, judgedAt("better", 0.6, ["sentiment", "filter"]))).toEqual([
    "better",
    "known",
    "unknown",
  ]);
});

test("chooseStudent() asks a student in time only where it could answer all that comes, though nobody else may", () => {
  const wish = { tasks, name: "large", budgetMs: 100 };
  const loaded = (busyShare: number) => (s: Student) => ({ ...took(s), busyShare });
  expect(chooseStudent(students, { ...wish, inTime: true }, loaded(0.4)).student).toBe(large);
  expect(() => chooseStudent(students, { ...wish, inTime: true }, loaded(0.6))).toThrow(OverloadedError);
  expect(() => chooseStudent(students, { ...wish, inTime: true }, busy(21))).toThrow(OverloadedError);
  expect(chooseStudent(students, wish, loaded(0.6)).student).toBe(large);
});

test("chooseStudent() holds against a student that is asked after a faster one what will be waited, not what that one has taken", () => {
  const wish = { tasks, name: "large", budgetMs: 40, leftMs: 25, inTime: true, afterFaster: true };
  expect(chooseStudent(students, wish, took).student).toBe(large);
  expect(chooseStudent(students, wish, busy(8)).student).toBe(large);
  expect(() => chooseStudent(students, wish, busy(8.1))).toThrow(OverloadedError);
  expect(() => chooseStudent(students, { ...wish, leftMs: 9 }, took)).toThrow(OverloadedError);
  expect(() => chooseStudent(students, { ...wish, afterFaster: false }, took)).toThrow(OverloadedError);
});

test("chooseStudent() says whether a text is refused at once or when its turn came", () => {
  const refusal = (tried: string[]) => {
    try {
      return chooseStudent(students, { tasks, budgetMs: 20, tried: new Set(tried) }, busy(30));
    } catch (cause) {
      return cause;
    }
  };
  expect(refusal([])).toMatchObject({ name: "OverloadedError", reason: "budget" });
  expect(refusal([large.id])).toMatchObject({ name: "OverloadedError", reason: "expired" });
});

test("chooseStudent() obeys a name", () => {
  expect(chooseStudent(students, { tasks, name: "small" }, took)).toEqual({
    student: small,
    downgraded: false,
    hopeless: false,
  });
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

test("tasksInOnePass() says when nobody answers about single texts, has the name or is there at all", () => {
  const pairsOnly = student({ name: "pairs-only", tasks: ["adequacy"] });
  expect(() => tasksInOnePass([pairsOnly], undefined)).toThrow(UnknownModelError);
  expect(() => tasksInOnePass([pairsOnly, small], "pairs-only")).toThrow(/no task over single texts/);
  expect(() => tasksInOnePass([small], "other")).toThrow(/no student has this name/);
  expect(() => tasksInOnePass([], undefined)).toThrow(UnavailableError);
});

test("tasksInOnePass() is what the broadest student answers about single texts", () => {
  expect(tasksInOnePass([student({ name: "a", tasks: ["filter"] }), small], undefined)).toEqual([
    "filter",
    "sentiment",
    "language",
  ]);
});
