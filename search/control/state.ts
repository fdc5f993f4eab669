import { z } from "zod";
import { signalNames } from "./settings.ts";

/**
 * What a decision remembers of those before it. Control keeps it in a file, written whole after each decision, so that one that was killed
 * goes on as if it had not been.
 */
const Signal = z.strictObject({
  on: z.boolean(),
  /** Windows in a row past the threshold that would turn it. */
  streak: z.int().nonnegative(),
  /** Last value; null before the first window. */
  value: z.number().nullable(),
  /** When it last went on. */
  onSinceMs: z.number(),
});
export type Signal = Readonly<z.infer<typeof Signal>>;

export const ControlState = z.strictObject({
  format: z.literal(1),
  signals: z.strictObject(Object.fromEntries(signalNames.map((name) => [name, Signal])) as SignalShape),
  /** When a decision was last taken, by kind and, where it is about one, student: `search`, `start-shadow budget-1ms`. */
  lastAtMs: z.record(z.string(), z.number()),
  /** When another student last became live, by name. */
  liveSinceMs: z.record(z.string(), z.number()),
  /** Texts a second of the last windows: a peak counts when several windows in a row reached it. */
  recentTextsPerSecond: z.array(z.number().nonnegative()),
  /** Texts a second at the daily peak; halves in a day, so that a night does not look like the end of the traffic. */
  peakTextsPerSecond: z.number().nonnegative(),
  peakAtMs: z.number(),
  /** Corrections since the last search that was given them. */
  corrections: z.number().nonnegative(),
  /** When a search was last begun for a reason that stays, by reason: one is enough. */
  searchedAtMs: z.record(z.string(), z.number()),
  /** Versions that were rolled back: they are not put forward again. */
  rejected: z.array(z.string()),
});
export type ControlState = Readonly<z.infer<typeof ControlState>>;
type SignalShape = Record<(typeof signalNames)[number], typeof Signal>;

export function initialState(): ControlState {
  const signal: Signal = { on: false, streak: 0, value: null, onSinceMs: 0 };
  return {
    format: 1,
    signals: Object.fromEntries(signalNames.map((name) => [name, signal])) as ControlState["signals"],
    lastAtMs: {},
    liveSinceMs: {},
    recentTextsPerSecond: [],
    peakTextsPerSecond: 0,
    peakAtMs: 0,
    corrections: 0,
    searchedAtMs: {},
    rejected: [],
  };
}
