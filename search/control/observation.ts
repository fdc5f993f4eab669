import { z } from "zod";
import type { RolloutRule } from "../../src/contract/rollout.ts";
import type { BudgetOutcomes } from "./budget-outcomes.ts";

/** What control sees at the end of a window, of all servers together. Plain data: a decision needs nothing else. */
export interface Observation {
  /** End of the window, ms since 1970. */
  readonly atMs: number;
  readonly servers: ServersSeen;
  /** Null when too few servers gave metrics that can be believed: then nothing is decided. */
  readonly traffic: Traffic | null;
  /** Rollouts that are under way, with what their candidates have shown since their stage began. */
  readonly rollouts: readonly RolloutEvidence[];
  /** What the last ranking said; null before the first. */
  readonly ranking: Ranking | null;
  /** Measured to predicted work that calibration knows of, by student: a ratio that stays there is no news. */
  readonly calibrated: Readonly<Record<string, number>>;
  readonly search: SearchSeen;
  /** Decisions that wait for an operator or were rejected of late, as `decisionKey` names them. */
  readonly waiting: readonly string[];
}

export interface ServersSeen {
  readonly asked: number;
  readonly refused: readonly { readonly server: string; readonly reason: string }[];
}

export interface Traffic {
  readonly seconds: number;
  /** Servers whose metrics were used, and their workers together; null where one does not tell. */
  readonly servers: number;
  readonly workers: number | null;
  /** Inputs answered. */
  readonly texts: number;
  readonly budgets: BudgetOutcomes;
  /** Texts by the tokens that a student read, padding included. */
  readonly lengths: readonly { readonly tokens: number; readonly texts: number }[];
  /** Null without any. */
  readonly meanTokens: number | null;
  readonly students: readonly StudentTraffic[];
  readonly drift: readonly { readonly task: string; readonly feature: string; readonly score: number }[];
  /** Corrections that came in. */
  readonly corrections: number;
}

export interface StudentTraffic {
  readonly name: string;
  readonly texts: number;
  /** Mean time worked for a text, tokenising and inference; null without any. */
  readonly meanMs: number | null;
  /** Measured inference divided by what the manifest predicts, mean over servers by texts; null before the first. */
  readonly errorRatio: number | null;
}

export interface RolloutEvidence {
  readonly student: string;
  readonly version: string;
  readonly stage: "shadow" | "canary";
  readonly sinceMs: number;
  readonly rule: RolloutRule;
  /** Texts that the candidate was asked since then, and those of them that failed. */
  readonly texts: number;
  readonly failed: number;
  /** A server asks it nothing more, since it failed too often there. */
  readonly suspended: boolean;
  /** Texts that both answered, and those that got the same label; none in a canary. */
  readonly agreement: readonly { readonly task: string; readonly texts: number; readonly agreed: number }[];
  /** 95th percentile of the candidate's time for a text divided by the live student's; null before both have any. */
  readonly p95Ratio: number | null;
}

/** A trained student that may stand in for the live one of its name. */
export const TrainedStudent = z.strictObject({
  /** Folder that holds it, relative to where control runs. */
  folder: z.string(),
  version: z.string(),
  /** Mean score of the live one, and what it is above or below that on the validation rows that both have. */
  score: z.number(),
  /** Expected of a text of production, ms. */
  expectedMs: z.number(),
  /** Share of texts that it has time for, within budget and load, at the daily peak; the rest goes to a faster student. */
  share: z.number(),
  /** Score that users get at the peak: its own on that share, the faster student's on the rest. */
  worth: z.number(),
  /** Whether it was live before, so that its answers are known. */
  wasLive: z.boolean(),
});
export type TrainedStudent = Readonly<z.infer<typeof TrainedStudent>>;

/** How the students of a name compare under production's lengths, speed and load. */
export const RankedSlot = z.strictObject({
  student: z.string(),
  budgetMs: z.number().positive(),
  /** ms of a text that load leaves: what all workers together can give, divided by the texts at the peak. */
  roomMs: z.number().nullable(),
  live: TrainedStudent,
  /** The one of most worth that is at hand; null when there is no other. */
  best: TrainedStudent.nullable(),
  /** Budget at which a search would look, so that what it finds keeps this one in production: of its texts when the ranking is. */
  searchBudgetMs: z.number().positive(),
  /** Architecture of the trials that promises more and was not trained in full. */
  promising: z.string().nullable(),
});
export type RankedSlot = Readonly<z.infer<typeof RankedSlot>>;

export const Ranking = z.strictObject({
  atMs: z.number(),
  meanTokens: z.number(),
  textsPerSecond: z.number(),
  /** Whether production's latency model ranked, and searches are to be told of it. */
  ofProduction: z.boolean().default(false),
  slots: z.array(RankedSlot),
});
export type Ranking = Readonly<z.infer<typeof Ranking>>;

export interface SearchSeen {
  readonly status: "idle" | "running" | "finished" | "failed";
  readonly id: string | null;
  /** Of the last one that ended; null before. */
  readonly endedAtMs: number | null;
  /** What it says of itself: its progress, or why it failed. */
  readonly said: string;
}
