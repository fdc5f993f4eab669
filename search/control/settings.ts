import { z } from "zod";

/** What makes control act, and how slowly. A signal goes on at `enter` and off at `leave`, so that it cannot flicker. */
export interface Thresholds {
  readonly enter: number;
  readonly leave: number;
}

export const signalNames = [
  "budgetBurn",
  "stepDown",
  "predictionError",
  "lengthShift",
  "trafficShift",
  "drift",
] as const;
export type SignalName = (typeof signalNames)[number];

export interface ControlSettings {
  /** Windows with fewer answered texts tell nothing. */
  readonly minTexts: number;
  /** Share of the servers that must give metrics that can be believed. */
  readonly minServers: number;
  /** Windows in a row that a signal must be past its threshold to go on or off. */
  readonly confirmWindows: number;
  readonly signals: Readonly<Record<SignalName, Thresholds>>;
  /** Pause after a decision before the same kind is taken again, for the same student where it is about one. */
  readonly coolDownMinutes: Readonly<Record<CoolingKind, number>>;
  /** A student that became live stays so for this long. */
  readonly dwellMinutes: number;
  /** A ranking older than this is made again, and is no reason for anything. */
  readonly rankingMinutes: number;
  /** Corrections since the last search that learned from them that are worth another; 0 turns that off. */
  readonly corrections: number;
  /** Whether searches are given corrections to learn from: without, none is begun for them. */
  readonly givesFeedback: boolean;
  /** Validation score, in points of 1, that another student must gain. */
  readonly minGain: number;
}

export type CoolingKind = "re-rank" | "recalibrate" | "switch-student" | "start-shadow" | "search";

export const standardSettings: ControlSettings = {
  minTexts: 100,
  minServers: 0.5,
  confirmWindows: 3,
  signals: {
    /** Share of requests with a budget that missed it or were refused. */
    budgetBurn: { enter: 0.05, leave: 0.02 },
    /** Share of requests with a budget that a faster student than the best answered. */
    stepDown: { enter: 0.3, leave: 0.15 },
    /** Factor between measured and predicted, either way. */
    predictionError: { enter: 1.25, leave: 1.12 },
    /** Factor between mean tokens now and at the last ranking, either way. */
    lengthShift: { enter: 1.25, leave: 1.12 },
    /** Factor between the peak of traffic now and at the last ranking, either way. */
    trafficShift: { enter: 1.5, leave: 1.25 },
    /** Greatest `kdnas_drift_score` of language, score or unknown pieces, divided by its documented threshold. */
    drift: { enter: 1, leave: 0.7 },
  },
  coolDownMinutes: {
    "re-rank": 30,
    recalibrate: 60,
    "switch-student": 180,
    "start-shadow": 180,
    search: 24 * 60,
  },
  dwellMinutes: 180,
  rankingMinutes: 360,
  corrections: 200,
  givesFeedback: false,
  minGain: 0.005,
};

const Threshold = z.strictObject({ enter: z.number().nonnegative(), leave: z.number().nonnegative() });
const Minutes = z.number().nonnegative();

/** What an operator changes, in a file; the rest is as it is. */
export const ThresholdChanges = z.strictObject({
  minTexts: z.int().positive().optional(),
  minServers: z.number().gt(0).max(1).optional(),
  confirmWindows: z.int().positive().optional(),
  signals: z
    .partialRecord(
      z.enum(signalNames),
      Threshold.refine(({ enter, leave }) => leave < enter, { path: ["leave"], message: "must be below enter" }),
    )
    .optional(),
  coolDownMinutes: z
    .partialRecord(z.enum(["re-rank", "recalibrate", "switch-student", "start-shadow", "search"]), Minutes)
    .optional(),
  dwellMinutes: Minutes.optional(),
  rankingMinutes: z.number().positive().optional(),
  corrections: z.int().nonnegative().optional(),
  minGain: z.number().nonnegative().optional(),
});

export function withChanges(changes: z.infer<typeof ThresholdChanges>): ControlSettings {
  const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  return {
    ...standardSettings,
    ...(given as Partial<ControlSettings>),
    signals: { ...standardSettings.signals, ...(changes.signals as Partial<ControlSettings["signals"]>) },
    coolDownMinutes: {
      ...standardSettings.coolDownMinutes,
      ...(changes.coolDownMinutes as Partial<ControlSettings["coolDownMinutes"]>),
    },
  };
}
