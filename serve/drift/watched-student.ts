import {
  type Counts,
  type DriftFeature,
  lengthCategories,
  lengthIndex,
  type Reference,
  scoreScale,
  unknownCategories,
  unknownIndex,
} from "../../src/contract/drift.ts";
import type { ManifestTask } from "../../src/contract/manifest.ts";
import type { Result } from "../../src/contract/prediction.ts";
import type { Student } from "../students/student.ts";
import { RecentCounts } from "./recent-counts.ts";

/** What an answer says of its input. */
export interface AnswerSeen {
  readonly tokens: number;
  /** Tokens among them that are unknown pieces. */
  readonly unknown: number;
  readonly result: Result;
}

/** Counts of a feature since a while, and what they are compared with. */
export interface Comparison {
  readonly seen: Counts;
  readonly expected: Counts;
}

/** The traffic of one loading of a student, counted for those of its tasks that have a reference. */
export class WatchedStudent {
  private readonly tasks: ReadonlyMap<string, WatchedTask>;
  private batches = 0;
  private askedMs = Number.NEGATIVE_INFINITY;

  constructor({ tasks, codes }: Student, referenceOf: (task: ManifestTask) => Reference | undefined) {
    const watched = [...tasks.values()].flatMap(({ entryTogether: entry }) => {
      const reference = referenceOf(entry);
      return reference === undefined ? [] : [[entry.name, new WatchedTask(entry, reference, codes)] as const];
    });
    this.tasks = new Map(watched);
  }

  answered(task: string, seen: AnswerSeen, slice: number): void {
    this.tasks.get(task)?.answered(seen, slice);
  }

  /**
   * Whether the languages of the next batch are to be found out too: of one batch in four, and of ten a second at most. So a
   * busy server pays next to nothing for it, and an idle one has enough of them.
   */
  asksLanguages(nowMs: number): boolean {
    if (this.batches++ % 4 !== 0 || nowMs - this.askedMs < 100) return false;
    if (![...this.tasks.values()].some((task) => task.hasLanguages)) return false;
    this.askedMs = nowMs;
    return true;
  }

  /** @param code index among the labels of the student's language head. */
  languageSeen(task: string, code: number, slice: number): void {
    this.tasks.get(task)?.languageSeen(code, slice);
  }

  compare(task: string, feature: DriftFeature, slice: number): Comparison | undefined {
    return this.tasks.get(task)?.compare(feature, slice);
  }

  get watchedTasks(): Iterable<string> {
    return this.tasks.keys();
  }
}

class WatchedTask {
  private readonly reference: Reference;
  private readonly counts: Readonly<Partial<Record<DriftFeature, RecentCounts>>>;
  private readonly scoreIndex: (result: Result) => number;

  constructor(entry: ManifestTask, reference: Reference, codes: readonly string[]) {
    const { categories, indexOf } = scoreScale(entry);
    const all = { length: lengthCategories, language: codes, score: categories, unknown: unknownCategories };
    this.reference = reference;
    this.scoreIndex = indexOf;
    this.counts = Object.fromEntries(
      Object.entries(all).flatMap(([feature, names]) =>
        names.length === 0 || reference[feature as DriftFeature] === undefined
          ? []
          : [[feature, new RecentCounts(names)]],
      ),
    );
  }

  get hasLanguages(): boolean {
    return this.counts.language !== undefined;
  }

  answered({ tokens, unknown, result }: AnswerSeen, slice: number): void {
    const { length, score, unknown: unknowns } = this.counts;
    length?.add(lengthIndex(tokens), slice);
    score?.add(this.scoreIndex(result), slice);
    unknowns?.add(unknownIndex(unknown, tokens), slice);
  }

  languageSeen(code: number, slice: number): void {
    this.counts.language?.add(code, slice);
  }

  compare(feature: DriftFeature, slice: number): Comparison | undefined {
    const expected = this.reference[feature];
    const counts = this.counts[feature];
    return expected && counts && { seen: counts.counts(slice), expected };
  }
}
