import { type DriftFeature, driftThresholds } from "../../src/contract/drift.ts";
import { budgetShares } from "./budget-outcomes.ts";
import type { Observation, Traffic } from "./observation.ts";
import type { ControlSettings, SignalName, Thresholds } from "./settings.ts";
import { signalNames } from "./settings.ts";
import type { ControlState, Signal } from "./state.ts";

/** Values of a window; null where it says nothing, which turns nothing and ends no streak. */
export function signalValues(
  traffic: Traffic,
  { ranking, calibrated }: Pick<Observation, "ranking" | "calibrated">,
  peakTextsPerSecond: number,
): Record<SignalName, number | null> {
  const shares = budgetShares(traffic.budgets);
  return {
    budgetBurn: shares?.burnt ?? null,
    stepDown: shares?.downgraded ?? null,
    predictionError: greatest(
      traffic.students.flatMap(({ name, errorRatio }) =>
        errorRatio === null ? [] : [errorRatio / (calibrated[name] ?? 1)],
      ),
    ),
    lengthShift: ranking && traffic.meanTokens !== null ? factor(traffic.meanTokens, ranking.meanTokens) : null,
    trafficShift: ranking && ranking.textsPerSecond > 0 ? factor(peakTextsPerSecond, ranking.textsPerSecond) : null,
    drift: worstDrift(traffic),
  };
}

/** Longer texts are a matter of ranking; that students were not made for what they get is one of training. */
function worstDrift({ drift }: Traffic): number | null {
  const shares = drift
    .filter(({ feature }) => feature !== "length")
    .map(({ feature, score }) => score / (driftThresholds[feature as DriftFeature] ?? 1));
  return shares.length === 0 ? null : Math.max(...shares);
}

/** The distance of a ratio from 1, either way, as a factor of at least 1. */
function factor(a: number, b: number): number {
  return a > b ? a / b : b / a;
}

function greatest(ratios: readonly number[]): number | null {
  return ratios.length === 0 ? null : Math.max(...ratios.map((ratio) => factor(ratio, 1)));
}

export function nextSignals(
  signals: ControlState["signals"],
  values: Readonly<Record<SignalName, number | null>>,
  settings: ControlSettings,
  atMs: number,
): ControlState["signals"] {
  const next = signalNames.map((name) => [
    name,
    nextSignal(signals[name], values[name], settings.signals[name], settings.confirmWindows, atMs),
  ]);
  return Object.fromEntries(next) as ControlState["signals"];
}

/** A Schmitt trigger that needs `confirm` windows in a row to turn. */
export function nextSignal(
  signal: Signal,
  value: number | null,
  { enter, leave }: Thresholds,
  confirm: number,
  atMs: number,
): Signal {
  if (value === null) return signal;
  const isPast = signal.on ? value < leave : value >= enter;
  const streak = isPast ? signal.streak + 1 : 0;
  if (streak < confirm) return { ...signal, streak, value };
  return { on: !signal.on, streak: 0, value, onSinceMs: signal.on ? signal.onSinceMs : atMs };
}
