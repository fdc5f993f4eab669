import type { Architecture } from "../../src/contract/architecture.ts";
import { randomStudent } from "../student/random-student.ts";
import type { HeadShape } from "../student/weights.ts";
import { type LengthTiming, openTimer, type Timer } from "./measure.ts";

export interface TimingPlan {
  readonly lengths: readonly number[];
  /** For everything together, writing and opening the students included. */
  readonly seconds: number;
}

/** Of the tasks that come with the project; heads take part in a static student's time. */
const heads: readonly HeadShape[] = [
  { task: "filter", input: "text", labels: 2 },
  { task: "sentiment", input: "text", labels: 3 },
  { task: "language", input: "text", labels: 150 },
];
/** Share of the time that may go into opening. */
const OPENING_SHARE = 0.4;
/** Fewer students or rounds than these are no calibration, however long they take. */
const MIN_STUDENTS = 4;
const MIN_ROUNDS = 3;
/** A length's share of a round: three runs of a 1 ms student. */
const ROUND_MS = 3;

export interface TimedStudent {
  readonly architecture: Architecture;
  readonly lengths: readonly LengthTiming[];
}

interface Subject {
  readonly architecture: Architecture;
  readonly timer: Timer;
}

/**
 * Times int8 students with random weights on one thread. All stay open and take turns in short rounds until the time is up, so that
 * a busy minute slows all of them and not one. On a slow machine only the first of `architectures` are timed.
 */
export async function timeStudents(
  architectures: readonly Architecture[],
  { lengths, seconds }: TimingPlan,
): Promise<TimedStudent[]> {
  const started = performance.now();
  const spent = () => (performance.now() - started) / 1000;
  const subjects: Subject[] = [];
  try {
    for (const architecture of architectures) {
      if (subjects.length >= MIN_STUDENTS && spent() > OPENING_SHARE * seconds) break;
      const { vocabulary } = architecture;
      const timer = await openTimer(randomStudent(architecture, { heads }), lengths, { threads: 1, vocabulary });
      subjects.push({ architecture, timer });
    }
    await takeTurns(subjects, () => seconds - spent());
    return subjects.map(({ architecture, timer }) => ({ architecture, lengths: timer.timings() }));
  } finally {
    for (const { timer } of subjects) await timer.release();
  }
}

async function takeTurns(subjects: readonly Subject[], secondsLeft: () => number): Promise<void> {
  let longest = 0;
  for (let round = 0; round < MIN_ROUNDS || secondsLeft() > longest; round++) {
    const before = secondsLeft();
    for (const { timer } of subjects) await timer.round(ROUND_MS);
    longest = Math.max(longest, before - secondsLeft());
  }
}
