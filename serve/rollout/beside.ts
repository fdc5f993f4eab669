import { architectureName } from "../../src/contract/architecture.ts";
import type { RolloutRole } from "../../src/contract/metrics.ts";
import type { ActiveRollout } from "../../src/contract/rollout.ts";
import { UnavailableError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import type { Log } from "../log.ts";
import type { Student } from "../students/student.ts";
import type { Comparison } from "./compare.ts";
import type { Rollout } from "./describe-rollout.ts";
import { RecentTimes } from "./recent-times.ts";
import type { RolloutLabels, RolloutMetrics } from "./rollout-metrics.ts";

/** Requests that fail in a row after which a candidate is asked no more: a broken one costs each of them a second try. */
const mostFailuresInRow = 5;

/** A candidate beside a live student at one stage, and what this process has seen of it since the stage began. */
export class Beside {
  readonly student: Student;
  readonly rollout: ActiveRollout;
  private readonly labels: RolloutLabels;
  private readonly metrics: RolloutMetrics;
  private readonly log: Log;
  private readonly times = { live: new RecentTimes(), candidate: new RecentTimes() };
  private readonly agreement = new Map<string, { texts: number; agreed: number; distances: number }>();
  private readonly counts = { texts: 0, failed: 0, skipped: 0 };
  private failuresInRow = 0;
  private suspendedFor: string | undefined;

  constructor(student: Student, rollout: ActiveRollout, metrics: RolloutMetrics, log: Log) {
    const { name, version } = student.manifest;
    this.student = student;
    this.rollout = rollout;
    this.labels = { student: name, candidate: version, stage: rollout.stage };
    this.metrics = metrics;
    this.log = log;
    metrics.began(this.labels, rollout.share, [...student.tasks.keys()]);
    for (const task of student.tasks.keys()) this.agreement.set(task, { texts: 0, agreed: 0, distances: 0 });
  }

  /** Whether requests are drawn for this stage. */
  isAt(stage: "shadow" | "canary"): boolean {
    return this.rollout.stage === stage && this.suspendedFor === undefined;
  }

  answered(texts: number): void {
    this.counts.texts += texts;
    this.failuresInRow = 0;
    this.metrics.asked(this.labels, texts);
  }

  /** What one request failed on, if at all. A lost worker is harm enough to ask nothing more; other failures have to repeat. */
  failed(causes: readonly Error[], texts = causes.length): void {
    const [first] = causes;
    if (first === undefined) return;
    this.counts.texts += texts;
    this.counts.failed += texts;
    this.metrics.asked(this.labels, texts);
    this.metrics.failed(this.labels, texts);
    this.failuresInRow++;
    const lost = causes.find((cause) => cause instanceof UnavailableError);
    if (lost) this.suspend(`a worker was lost while it ran: ${lost.message}`);
    else if (this.failuresInRow >= mostFailuresInRow)
      this.suspend(`${this.failuresInRow} failures in a row, the last: ${first.message}`);
  }

  skipped(texts: number): void {
    this.counts.skipped += texts;
    this.metrics.skipped(this.labels, texts);
  }

  worked(role: RolloutRole, ms: number): void {
    this.times[role].add(ms);
    this.metrics.worked(this.labels, role, ms);
  }

  compared(task: string, comparison: Comparison): void {
    const seen = must(this.agreement.get(task));
    seen.texts++;
    if (comparison.agrees) seen.agreed++;
    seen.distances += comparison.distance;
    this.metrics.compared(this.labels, task, comparison);
  }

  ended(): void {
    this.metrics.ended(this.labels);
  }

  private suspend(reason: string): void {
    if (this.suspendedFor !== undefined) return;
    this.suspendedFor = reason;
    this.metrics.suspended(this.labels);
    this.log.error(`the candidate ${this.labels.candidate} of ${this.labels.student} is asked nothing more: ${reason}`);
  }

  /** As `GET /v1/students` shows it. */
  describe(): Rollout {
    const { candidate, stage, share, stickyBy, since, rule } = this.rollout;
    const { architecture, latency } = this.student.manifest;
    return {
      candidate: { version: candidate.version, architecture: architectureName(architecture), latency },
      ...{ stage, share, stickyBy, since, rule, ...this.counts },
      agreement: Object.fromEntries([...this.agreement].map(([task, seen]) => [task, describeAgreement(seen)])),
      workMs: { live: describeTimes(this.times.live), candidate: describeTimes(this.times.candidate) },
      ...(this.suspendedFor !== undefined && { suspended: this.suspendedFor }),
    };
  }
}

function describeAgreement({ texts, agreed, distances }: { texts: number; agreed: number; distances: number }) {
  return { texts, agreed, meanDistance: texts === 0 ? null : distances / texts };
}

/** Null before the first text. */
function describeTimes(times: RecentTimes) {
  const [p50, p95] = [times.quantileMs(0.5), times.quantileMs(0.95)];
  return Number.isNaN(p50) ? null : { p50, p95 };
}
