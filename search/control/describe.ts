import { budgetShares } from "./budget-outcomes.ts";
import type { Traffic } from "./observation.ts";
import { type ControlSettings, signalNames } from "./settings.ts";
import type { ControlState } from "./state.ts";

/** Numbers as the reasons of decisions write them. */
export const percent = (share: number): string => `${Number((100 * share).toFixed(1))} %`;
export const ms = (value: number): string => `${Number(value.toPrecision(3))} ms`;
export const factor = (value: number): string => `×${Number(value.toPrecision(3))}`;

/** `1,200 texts in 60 s, 0.4 % of budgets missed`. */
export function describeTraffic({ texts, seconds, budgets }: Traffic): string {
  const shares = budgetShares(budgets);
  const missed = shares === null ? "no budgets asked" : `${percent(shares.burnt)} of budgets missed`;
  return `${texts} texts in ${Math.round(seconds)} s, ${missed}`;
}

const words = {
  budgetBurn: ["budgets missed or refused", percent],
  stepDown: ["answered by a faster student", percent],
  predictionError: ["latency off by", factor],
  lengthShift: ["lengths changed", factor],
  trafficShift: ["peak of traffic changed", factor],
  drift: ["drift", (value: number) => value.toFixed(2)],
} as const satisfies Record<(typeof signalNames)[number], readonly [string, (value: number) => string]>;

export function describeSignal(state: ControlState, name: (typeof signalNames)[number]): string {
  const { value } = state.signals[name];
  const [text, format] = words[name];
  return `${text} ${value === null ? "unknown" : format(value)}`;
}

/** With the threshold that it is past. */
export function describeOn(state: ControlState, name: (typeof signalNames)[number], settings: ControlSettings): string {
  const [, format] = words[name];
  return `${describeSignal(state, name)} (from ${format(settings.signals[name].enter)}, ${settings.confirmWindows} windows)`;
}

/** Whether corrections are worth a search. */
export function areEnough({ corrections }: ControlState, settings: ControlSettings): boolean {
  return settings.corrections > 0 && corrections >= settings.corrections;
}

/** What an operator may do about corrections that no search is given; nothing where there is no such thing to do. */
export function describeUnread(state: ControlState, settings: ControlSettings): string {
  return !settings.givesFeedback && areEnough(state, settings)
    ? `; ${state.corrections} corrections came in, which no search is given: --search="--feedback FOLDER" gives them`
    : "";
}

export function describeSignals(state: ControlState): string {
  const on = signalNames.filter((name) => state.signals[name].on);
  return on.length === 0 ? "no signal is on" : on.map((name) => `${describeSignal(state, name)}: waiting`).join(", ");
}
