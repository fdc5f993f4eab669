import { Registry } from "prom-client";
import { SeriesCounter, SeriesHistogram } from "../../serve/metrics/series.ts";
import {
  metricNames,
  type RolloutRole,
  rolloutSecondsBuckets,
  secondsBuckets,
  tokensBuckets,
} from "../../src/contract/metrics.ts";
import type { Served, ServedBy } from "./serving.ts";

/** Counts what a server would, under the contract's names, and writes it as one does: control's own reader reads it. */
export class SimulatedServer {
  private readonly registry = new Registry();
  private readonly counters = createCounters([this.registry]);
  private gauges: readonly string[] = [];

  count(names: { readonly live: string; readonly fallback: string }, served: Served): void {
    const { texts, budget, shed, inputTokens, studentTokens, stage } = this.counters;
    for (const [outcome, student] of [
      ["met", names.live],
      ["missed", names.live],
      ["downgraded", names.fallback],
    ] as const)
      budget.add([task, student, outcome], served[outcome]);
    budget.add([task, "", "refused"], served.refused);
    shed.add(["budget"], served.refused);
    for (const by of served.by) {
      const student = names[by.student];
      texts.add([task, student], by.count);
      inputTokens.observe([task], by.tokens, by.count);
      studentTokens.observe([student], by.tokens, by.count);
      stage.observe([student, "tokenize"], tokenizeMs / 1000, by.count);
      stage.observe([student, "infer"], Math.max(1e-6, by.workMs - tokenizeMs) / 1000, by.count);
      stage.observe([student, "post"], postMs / 1000, by.count);
    }
  }

  /** Of a candidate that was asked these texts. */
  countRollout(
    [student, candidate, at]: readonly [student: string, candidate: string, stage: string],
    asked: readonly ServedBy[],
    answers: { readonly agreed: number; readonly slower: number },
  ): void {
    const { rolloutTexts, rolloutFailures, rolloutAgreement, rolloutWork } = this.counters;
    const texts = asked.reduce((sum, { count }) => sum + count, 0);
    rolloutTexts.add([student, candidate, at], texts);
    rolloutFailures.add([student, candidate, at], 0);
    if (at === "shadow") {
      rolloutAgreement.add([task, student, candidate, "agree"], answers.agreed);
      rolloutAgreement.add([task, student, candidate, "disagree"], texts - answers.agreed);
    }
    for (const { count, workMs } of asked) {
      const observe = (role: RolloutRole, ms: number) =>
        rolloutWork.observe([student, candidate, at, role], ms / 1000, count);
      observe("live", workMs);
      observe("candidate", workMs * answers.slower);
    }
  }

  /** Gauges as they are now, in lines. */
  set(gauges: readonly string[]): void {
    this.gauges = gauges;
  }

  async text(): Promise<string> {
    return `${await this.registry.metrics()}\n${this.gauges.join("\n")}\n`;
  }
}

const task = "sentiment";
const tokenizeMs = 0.01;
const postMs = 0.005;

function createCounters(registers: Registry[]) {
  const family = (name: string, labelNames: readonly string[]) => ({ name, help: name, labelNames, registers });
  const atStage = ["student", "candidate", "stage"];
  return {
    texts: new SeriesCounter(family(metricNames.texts, ["task", "student"])),
    budget: new SeriesCounter(family(metricNames.budget, ["task", "student", "outcome"])),
    shed: new SeriesCounter(family(metricNames.requestsShed, ["reason"])),
    inputTokens: new SeriesHistogram({ ...family(metricNames.inputTokens, ["task"]), buckets: tokensBuckets }),
    studentTokens: new SeriesHistogram({ ...family(metricNames.studentTokens, ["student"]), buckets: tokensBuckets }),
    stage: new SeriesHistogram({ ...family(metricNames.stageSeconds, ["student", "stage"]), buckets: secondsBuckets }),
    rolloutTexts: new SeriesCounter(family(metricNames.rolloutTexts, atStage)),
    rolloutFailures: new SeriesCounter(family(metricNames.rolloutFailures, atStage)),
    rolloutAgreement: new SeriesCounter(
      family(metricNames.rolloutAgreement, ["task", "student", "candidate", "verdict"]),
    ),
    rolloutWork: new SeriesHistogram({
      ...family(metricNames.rolloutWorkSeconds, [...atStage, "role"]),
      buckets: rolloutSecondsBuckets,
    }),
  };
}
