import { UnavailableError, UnknownModelError } from "../src/errors.ts";
import { must } from "../src/invariant.ts";
import { mean } from "../src/stats.ts";
import type { Student } from "./student.ts";

/** Which student answers: by name, or the most accurate that is fast enough. */
export interface Wish {
  /** Tasks to be answered in one pass. */
  readonly tasks: readonly string[];
  readonly name?: string | undefined;
  readonly budgetMs?: number | undefined;
}

export interface Choice {
  readonly student: Student;
  /** The budget ruled out a more accurate student. */
  readonly downgraded: boolean;
}

/**
 * @param predictMs expected time to this request's answer by a student, waiting included.
 * @throws {UnknownModelError} when no student has this name or covers the tasks.
 * @throws {UnavailableError} when there is no student at all.
 */
export function chooseStudent(
  students: readonly Student[],
  wish: Wish,
  predictMs: (student: Student) => number,
): Choice {
  if (students.length === 0) throw new UnavailableError("no student is loaded");
  const able = wish.name === undefined ? covering(students, wish.tasks) : [named(students, wish.tasks, wish.name)];
  const ranked = able.toSorted((a, b) => accuracyOf(b, wish.tasks) - accuracyOf(a, wish.tasks));
  const best = must(ranked[0]);
  if (wish.budgetMs === undefined) return { student: best, downgraded: false };
  const budgetMs = wish.budgetMs;
  const student = ranked.find((s) => predictMs(s) <= budgetMs) ?? fastest(ranked, predictMs);
  return { student, downgraded: student !== best };
}

/** Students that cover all of the tasks. */
function covering(students: readonly Student[], tasks: readonly string[]): Student[] {
  const able = students.filter((student) => tasks.every((task) => student.tasks.has(task)));
  if (able.length === 0) throw new UnknownModelError(`no student covers ${tasks.join(" and ")}`);
  return able;
}

function named(students: readonly Student[], tasks: readonly string[], name: string): Student {
  const student = students.find((s) => s.manifest.name === name);
  if (student === undefined) throw new UnknownModelError("no student has this name; GET /v1/students lists them");
  const lacking = tasks.find((task) => !student.tasks.has(task));
  if (lacking !== undefined) throw new UnknownModelError(`${student.manifest.name} does not cover ${lacking}`);
  return student;
}

function fastest(students: readonly Student[], predictMs: (student: Student) => number): Student {
  return students.reduce((best, student) => (predictMs(student) < predictMs(best) ? student : best));
}

/** Over several tasks their mean; students without scores come last. */
function accuracyOf(student: Student, tasks: readonly string[]): number {
  const values = tasks.map((task) => must(student.tasks.get(task)).accuracy);
  return values.includes(Number.NEGATIVE_INFINITY) ? -1e9 : mean(values);
}

/** The text tasks that are answered together: those of the student that covers most. */
export function tasksInOnePass(students: readonly Student[], name: string | undefined): string[] {
  const able = name === undefined ? students : students.filter((s) => s.manifest.name === name);
  const covered = able.map((s) => [...s.tasks.values()].filter((t) => t.task.input === "text").map((t) => t.task.name));
  return covered.reduce((most, tasks) => (tasks.length > most.length ? tasks : most), [] as string[]);
}
