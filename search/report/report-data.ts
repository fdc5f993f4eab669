import { z } from "zod";
import type { Manifest } from "../../src/contract/manifest.ts";
import { meanScore } from "../../src/contract/mean-score.ts";
import { BadFileError } from "../../src/errors.ts";
import { mean } from "../../src/stats.ts";
import { withoutSuites } from "../corpus/known-sets.ts";
import { budgetLatency } from "../reward/budget-latency.ts";
import type { LatencySample } from "../reward/latency-model.ts";
import type { ProductionFile } from "../reward/production/production-file.ts";
import type { Trial } from "../space/trial.ts";

/** What a report is made from: a journal, and the students that came of it. */
export interface ReportData {
  readonly searchId: string;
  /** When the search began, ISO 8601. */
  readonly created: string;
  /** The journal's settings. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly budgetsMs: readonly number[];
  readonly trials: readonly Trial[];
  /** Finished students, the fastest first; several of a name where a budget's winner changed. */
  readonly students: readonly FinishedStudent[];
  /** What `npm run calibrate` measured on this machine. */
  readonly calibration: readonly LatencySample[];
  /** What `--metrics` learned for this run; null before. */
  readonly production: ProductionFile | null;
}

export interface FinishedStudent {
  readonly manifest: Manifest;
  /** Whether this very version is the one in the models folder. */
  readonly isServed: boolean;
}

const Settings = z.object({ budgetsMs: z.array(z.number().positive()).min(1) });

/** @throws {BadFileError} for the journal of something else. */
export function budgetsOf(settings: Readonly<Record<string, unknown>>): readonly number[] {
  const parsed = Settings.safeParse(settings);
  if (!parsed.success)
    throw new BadFileError("the journal's settings name no budgets: it is of another program's search");
  return parsed.data.budgetsMs;
}

export interface TaskScore {
  readonly task: string;
  /** Mean over the data sets of their means over languages. */
  readonly student: number;
  /** On the same rows; null unless every one of them was measured. */
  readonly teacher: number | null;
}

/** A student's mean score on each task that it was scored on. */
export function taskScores({ scores }: Manifest): TaskScore[] {
  return [...new Set(scores.map(({ task }) => task))].map((task) => {
    // Not every teacher was scored on suites.
    const own = withoutSuites(
      scores.filter((score) => score.task === task),
      ({ dataSet }) => dataSet,
    );
    const ceiling = own.flatMap((score) => (score.teacher === null ? [] : [{ ...score, student: score.teacher }]));
    return { task, student: meanScore(own), teacher: ceiling.length === own.length ? meanScore(ceiling) : null };
  });
}

/** Mean over tasks of what the student keeps of the teacher's score; null where the teacher was not scored. */
export function shareOfTeacher(manifest: Manifest): number | null {
  const shares = taskScores(manifest).flatMap(({ student, teacher }) => (teacher === null ? [] : [student / teacher]));
  return shares.length === 0 ? null : mean(shares);
}

/** p50 and p95 in ms at the length that budgets are meant at, or at the nearest one that was timed. */
export function cardLatency({ latency }: Manifest): Manifest["latency"]["lengths"][number] {
  return budgetLatency(latency.lengths);
}
