import type {
  Observation,
  RankedSlot,
  Ranking,
  RolloutEvidence,
  Traffic,
  TrainedStudent,
} from "../../../search/control/observation.ts";
import { standardRolloutRule } from "../../../src/contract/rollout.ts";

/** Situations as tests of decisions need them: all is well, but for what is given. */
export const minute = 60_000;
export const startMs = Date.UTC(2026, 0, 5);

export function traffic(change: Partial<Traffic> = {}): Traffic {
  return {
    seconds: 60,
    servers: 2,
    workers: 8,
    texts: 6000,
    budgets: { met: 6000, downgraded: 0, missed: 0, refused: 0 },
    lengths: [{ tokens: 24, texts: 6000 }],
    meanTokens: 24,
    students: [{ name: "budget-2ms", texts: 6000, meanMs: 1, errorRatio: 1 }],
    drift: [],
    corrections: 0,
    ...change,
  };
}

export function trained(change: Partial<TrainedStudent> = {}): TrainedStudent {
  return {
    folder: "x",
    version: "a".repeat(12),
    score: 0.66,
    expectedMs: 1.4,
    share: 1,
    worth: 0.66,
    wasLive: true,
    ...change,
  };
}

export function slot(change: Partial<RankedSlot> = {}): RankedSlot {
  return {
    student: "budget-2ms",
    budgetMs: 2,
    roomMs: 3,
    live: trained(),
    best: null,
    searchBudgetMs: 1.8,
    promising: null,
    ...change,
  };
}

export function ranking(atMs: number, slots: readonly RankedSlot[] = [slot()], change: Partial<Ranking> = {}): Ranking {
  return { atMs, meanTokens: 24, textsPerSecond: 100, ofProduction: false, slots: [...slots], ...change };
}

export function observation(atMs: number, change: Partial<Observation> = {}): Observation {
  return {
    atMs,
    servers: { asked: 2, refused: [] },
    traffic: traffic(),
    rollouts: [],
    ranking: ranking(atMs - minute),
    calibrated: {},
    search: { status: "idle", id: null, endedAtMs: null, said: "" },
    waiting: [],
    ...change,
  };
}

export function evidence(change: Partial<RolloutEvidence> = {}): RolloutEvidence {
  return {
    student: "budget-2ms",
    version: "b".repeat(12),
    stage: "shadow",
    sinceMs: startMs,
    rule: standardRolloutRule,
    texts: 2000,
    failed: 0,
    suspended: false,
    agreement: [{ task: "sentiment", texts: 2000, agreed: 1900 }],
    p95Ratio: 1.1,
    ...change,
  };
}
