import { z } from "zod";
import { Decision } from "./decision.ts";
import { Ranking } from "./observation.ts";
import { RolloutWindow } from "./rollout-window.ts";
import { SearchRecord } from "./search-record.ts";
import { ControlState, initialState } from "./state.ts";

/**
 * All that control knows from one window to the next, `<runs>/control/state.json`. Written whole by a rename after each window, and
 * before anything is done about a decision (`intent`), so that one that was killed takes up what it was doing.
 */
export const Evidence = z.strictObject({
  /** When the stage began that this was shown in. */
  since: z.string(),
  window: RolloutWindow,
});
export type Evidence = Readonly<z.infer<typeof Evidence>>;

const Intent = z.strictObject({ decision: Decision, reason: z.string(), atMs: z.number() });
export type Intent = Readonly<z.infer<typeof Intent>>;

export const ControlRecord = z.strictObject({
  format: z.literal(1),
  state: ControlState,
  evidence: z.array(Evidence),
  ranking: Ranking.nullable(),
  /** Measured to predicted work that calibration found, by student. */
  calibrated: z.record(z.string(), z.number().positive()),
  /** The last measured to predicted work, by student, the newest last. */
  ratios: z.record(z.string(), z.array(z.number().positive())),
  /** Shares of texts by length, added up over windows; older ones count less. */
  lengths: z.array(z.strictObject({ tokens: z.number().positive(), texts: z.number().nonnegative() })),
  workers: z.number().positive().nullable(),
  search: SearchRecord.nullable(),
  searches: z.int().nonnegative(),
  /** Versions that were seen live: they may come back without a shadow. */
  wereLive: z.array(z.string()),
  /** When what an operator was told was said, by decision: in observe mode it is not said again at once. */
  advisedAtMs: z.record(z.string(), z.number()),
  /** Decided, and perhaps not yet done. */
  intent: Intent.nullable(),
});
export type ControlRecord = Readonly<z.infer<typeof ControlRecord>>;

export function initialRecord(): ControlRecord {
  return {
    format: 1,
    state: initialState(),
    evidence: [],
    ranking: null,
    calibrated: {},
    ratios: {},
    lengths: [],
    workers: null,
    search: null,
    searches: 0,
    wereLive: [],
    advisedAtMs: {},
    intent: null,
  };
}
