import {
  type Counts,
  type DriftFeature,
  driftFeatures,
  leastDriftSamples,
  type Reference,
} from "../../src/contract/drift.ts";
import type { ManifestTask } from "../../src/contract/manifest.ts";
import type { Student } from "../students/student.ts";
import { jensenShannonDistance } from "./distance.ts";
import { pool } from "./pool.ts";
import { slices } from "./recent-counts.ts";
import { type AnswerSeen, type Comparison, WatchedStudent } from "./watched-student.ts";

/**
 * How far the texts and answers of each task are from those that its students were judged on. Every answer is counted, in
 * memory that does not grow; distances are worked out when somebody asks. Holds no text.
 */
export interface Drift {
  answered(student: Student, task: string, seen: AnswerSeen): void;
  /** Whether a batch of this student that starts now is to find out the languages of its texts. */
  asksLanguages(studentId: string): boolean;
  /** @param code index among the labels of the student's language head. */
  languageSeen(studentId: string, task: string, code: number): void;
  /** Every task that was answered lately by a student with a reference, and every feature. */
  report(): TaskDrift[];
}

export interface TaskDrift {
  readonly task: string;
  readonly feature: DriftFeature;
  /** Inputs that were counted; of pairs each text for `language`. */
  readonly samples: number;
  /** Jensen-Shannon distance, 0 to 1; NaN while there are too few samples. */
  readonly score: number;
  readonly seen: Counts;
  readonly expected: Counts;
}

export interface DriftOptions {
  /** How far it looks back; with 0 nothing is counted. */
  readonly windowMs: number;
  /** By task: what traffic is compared with, in place of what the manifests say. */
  readonly references: ReadonlyMap<string, Reference>;
  /** @default performance.now */
  readonly now?: () => number;
}

export function createDrift(options: DriftOptions): Drift {
  return options.windowMs === 0 ? noDrift : new RecentDrift(options);
}

const noDrift: Drift = {
  answered: () => {},
  asksLanguages: () => false,
  languageSeen: () => {},
  report: () => [],
};

class RecentDrift implements Drift {
  /** By id. A student that was replaced goes when the last of its texts is older than the window. */
  private readonly students = new Map<string, WatchedStudent>();
  private readonly options: DriftOptions;
  private readonly now: () => number;
  /** Slice in which it was last looked for students that can go. */
  private forgotten = Number.NEGATIVE_INFINITY;

  constructor(options: DriftOptions) {
    this.options = options;
    this.now = options.now ?? (() => performance.now());
  }

  answered(student: Student, task: string, seen: AnswerSeen): void {
    const slice = this.slice();
    let watched = this.students.get(student.id);
    if (watched === undefined) {
      // Also where nobody ever asks for a report. Once a slice: a student without references is new every time.
      if (slice > this.forgotten) this.forgetReplaced(slice);
      watched = new WatchedStudent(student, (entry) => this.referenceOf(entry));
      this.students.set(student.id, watched);
    }
    watched.answered(task, seen, slice);
  }

  private forgetReplaced(slice: number): void {
    this.forgotten = slice;
    for (const [id, student] of this.students) if (isEmpty(student, slice)) this.students.delete(id);
  }

  asksLanguages(studentId: string): boolean {
    return this.students.get(studentId)?.asksLanguages(this.now()) ?? false;
  }

  languageSeen(studentId: string, task: string, code: number): void {
    this.students.get(studentId)?.languageSeen(task, code, this.slice());
  }

  report(): TaskDrift[] {
    const slice = this.slice();
    this.forgetReplaced(slice);
    const tasks = new Set([...this.students.values()].flatMap((student) => [...student.watchedTasks]));
    return [...tasks].flatMap((task) => driftFeatures.flatMap((feature) => this.compare(task, feature, slice)));
  }

  private compare(task: string, feature: DriftFeature, slice: number): TaskDrift[] {
    const all = [...this.students.values()].map((student) => student.compare(task, feature, slice));
    const { seen, expected, samples } = pool(all.filter((one): one is Comparison => one !== undefined));
    if (Object.keys(expected).length === 0) return [];
    const score = samples < leastDriftSamples ? Number.NaN : jensenShannonDistance(seen, expected);
    return [{ task, feature, samples, score, seen, expected }];
  }

  private referenceOf(entry: ManifestTask): Reference | undefined {
    return this.options.references.get(entry.name) ?? entry.reference;
  }

  private slice(): number {
    return Math.floor((this.now() * slices) / this.options.windowMs);
  }
}

function isEmpty(student: WatchedStudent, slice: number): boolean {
  return [...student.watchedTasks].every((task) =>
    driftFeatures.every((feature) => Object.keys(student.compare(task, feature, slice)?.seen ?? {}).length === 0),
  );
}
