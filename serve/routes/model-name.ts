import { UnknownModelError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import { checkLoaded, rankStudents } from "../answering/choose.ts";
import type { Student, StudentTask } from "../students/student.ts";

/** What clients that ask for a "model" get: `sentiment`, or of one student `sentiment@budget-1ms`. */
export interface Model extends StudentTask {
  /** The one that was asked for, else the most accurate; a latency budget may still make another one answer. */
  readonly student: Student;
  /** Only this student may answer. */
  readonly pinned: boolean;
}

/**
 * @throws {UnknownModelError} for a task that no student covers, a student that is not there, or another version.
 * @throws {UnavailableError} when there is no student at all.
 */
export function findModel(students: readonly Student[], name: string, version?: string): Model {
  checkLoaded(students);
  const [task = "", studentName] = name.split("@");
  const pinnedName = studentName ?? (version && nameOfVersion(students, task, version));
  const student = must(rankStudents(students, { tasks: [task], name: pinnedName })[0]);
  if (version !== undefined && student.manifest.version !== version)
    throw new UnknownModelError(`${student.manifest.name} is not of this version`);
  return { ...must(student.tasks.get(task)), student, pinned: pinnedName !== undefined };
}

/** Every name that `findModel` knows. */
export function modelNames(students: readonly Student[]): string[] {
  const pinned = students.flatMap((s) => [...s.tasks.keys()].map((task) => `${task}@${s.manifest.name}`));
  return [...new Set(pinned.map((name) => name.split("@")[0] as string)), ...pinned];
}

/** Versions of the students that a name stands for. */
export function versionsOf(students: readonly Student[], { task, student, pinned }: Model): string[] {
  const able = pinned ? [student] : students.filter((s) => s.tasks.has(task.name));
  return able.map((s) => s.manifest.version);
}

function nameOfVersion(students: readonly Student[], task: string, version: string): string {
  const student = students.find((s) => s.manifest.version === version && s.tasks.has(task));
  if (student === undefined) throw new UnknownModelError(`no student of this version covers ${task}`);
  return student.manifest.name;
}
