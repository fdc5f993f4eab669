import { Gauge, type Registry } from "prom-client";
import {
  agreementVerdicts,
  metricNames,
  type RolloutRole,
  rolloutRoles,
  rolloutSecondsBuckets,
  scoreDistanceBuckets,
} from "../../src/contract/metrics.ts";
import { SeriesCounter, SeriesHistogram } from "../metrics/series.ts";
import type { Comparison } from "./compare.ts";

/** Whose numbers they are: a version of a student, at a stage. */
export interface RolloutLabels {
  readonly student: string;
  readonly candidate: string;
  readonly stage: string;
}

/** What is seen of candidates; each begins with all of its series at 0. */
export interface RolloutMetrics {
  began(of: RolloutLabels, share: number, tasks: readonly string[]): void;
  ended(of: RolloutLabels): void;
  asked(of: RolloutLabels, texts: number): void;
  failed(of: RolloutLabels, texts: number): void;
  skipped(of: RolloutLabels, texts: number): void;
  compared(of: RolloutLabels, task: string, comparison: Comparison): void;
  worked(of: RolloutLabels, role: RolloutRole, ms: number): void;
  suspended(of: RolloutLabels): void;
  fileRefused(refused: boolean): void;
}

export function createRolloutMetrics(registers: Registry[]): RolloutMetrics {
  return new PrometheusRolloutMetrics(registers);
}

class PrometheusRolloutMetrics implements RolloutMetrics {
  private readonly instruments: ReturnType<typeof createInstruments>;

  constructor(registers: Registry[]) {
    this.instruments = createInstruments(registers);
    this.instruments.fileRefused.set(0);
  }

  began(of: RolloutLabels, share: number, tasks: readonly string[]): void {
    const { stage, suspended, work, agreement, distance } = this.instruments;
    stage.set({ ...of }, share);
    suspended.set(versionOf(of), 0);
    for (const counter of ["asked", "failed", "skipped"] as const) this[counter](of, 0);
    for (const role of rolloutRoles) work.observe([...valuesOf(of), role], 0, 0);
    for (const task of tasks) {
      distance.observe([task, of.student, of.candidate], 0, 0);
      for (const verdict of agreementVerdicts) agreement.add([task, of.student, of.candidate, verdict], 0);
    }
  }

  ended(of: RolloutLabels): void {
    this.instruments.stage.remove({ ...of });
    this.instruments.suspended.remove(versionOf(of));
  }

  asked(of: RolloutLabels, texts: number): void {
    this.instruments.texts.add(valuesOf(of), texts);
  }

  failed(of: RolloutLabels, texts: number): void {
    this.instruments.failures.add(valuesOf(of), texts);
  }

  skipped(of: RolloutLabels, texts: number): void {
    this.instruments.skipped.add(valuesOf(of), texts);
  }

  compared({ student, candidate }: RolloutLabels, task: string, { agrees, distance }: Comparison): void {
    this.instruments.agreement.add([task, student, candidate, agrees ? "agree" : "disagree"], 1);
    this.instruments.distance.observe([task, student, candidate], distance);
  }

  worked(of: RolloutLabels, role: RolloutRole, ms: number): void {
    this.instruments.work.observe([...valuesOf(of), role], ms / 1000);
  }

  suspended(of: RolloutLabels): void {
    this.instruments.suspended.set(versionOf(of), 1);
  }

  fileRefused(refused: boolean): void {
    this.instruments.fileRefused.set(refused ? 1 : 0);
  }
}

function valuesOf({ student, candidate, stage }: RolloutLabels): string[] {
  return [student, candidate, stage];
}

function versionOf({ student, candidate }: RolloutLabels) {
  return { student, candidate };
}

function createInstruments(registers: Registry[]) {
  const atStage = ["student", "candidate", "stage"];
  const counter = (name: string, help: string, labelNames = atStage) =>
    new SeriesCounter({ name, help, labelNames, registers });
  return {
    stage: new Gauge({
      name: metricNames.rolloutStage,
      help: "Share of the student's requests that its candidate is asked at this stage; there while it lasts.",
      labelNames: atStage,
      registers,
    }),
    suspended: new Gauge({
      name: metricNames.rolloutSuspended,
      help: "1 when this server asks the candidate nothing more, since it failed too often.",
      labelNames: ["student", "candidate"],
      registers,
    }),
    fileRefused: new Gauge({
      name: metricNames.rolloutFileRefused,
      help: "1 while the rollout file cannot be used; what it said before holds on.",
      registers,
    }),
    texts: counter(metricNames.rolloutTexts, "Texts that a candidate was asked."),
    failures: counter(metricNames.rolloutFailures, "Texts that a candidate failed on."),
    skipped: counter(metricNames.rolloutSkipped, "Texts drawn for the shadow that there was no time for."),
    agreement: counter(
      metricNames.rolloutAgreement,
      "Texts that both answered in the shadow, by whether the labels agree.",
      ["task", "student", "candidate", "verdict"],
    ),
    distance: new SeriesHistogram({
      name: metricNames.rolloutScoreDistance,
      help: "Distance between the probabilities that both give to the live student's label.",
      labelNames: ["task", "student", "candidate"],
      buckets: scoreDistanceBuckets,
      registers,
    }),
    work: new SeriesHistogram({
      name: metricNames.rolloutWorkSeconds,
      help: "Time worked for a text, its share of its batch, by the candidate and by the live student on the same traffic.",
      labelNames: [...atStage, "role"],
      buckets: rolloutSecondsBuckets,
      registers,
    }),
  };
}
