import {
  type ControlSettings,
  type SignalName,
  standardSettings,
  type Thresholds,
} from "../../search/control/settings.ts";
import { type RolloutRule, standardRolloutRule } from "../../src/contract/rollout.ts";

/** Who decides. All of them see the same servers through the same reader. */
export interface Policy {
  readonly name: string;
  /** Null: choices are frozen, nothing is ever done. */
  readonly settings: ControlSettings | null;
  readonly rule: RolloutRule;
}

/** No hysteresis, no confirmation, no pauses, and a rule that all pass: what control would be without its care. */
const hasty: ControlSettings = {
  ...standardSettings,
  minTexts: 1,
  minServers: 0.01,
  confirmWindows: 1,
  signals: Object.fromEntries(
    Object.entries(standardSettings.signals).map(([name, { enter }]) => [name, { enter, leave: enter }]),
  ) as Record<SignalName, Thresholds>,
  coolDownMinutes: { "re-rank": 0, recalibrate: 0, "switch-student": 0, "start-shadow": 0, search: 0 },
  dwellMinutes: 0,
  minGain: 0,
};
const noRule: RolloutRule = {
  ...standardRolloutRule,
  minTexts: 1,
  minMinutes: 0,
  minAgreement: 0,
  maxP95Ratio: 1000,
  maxErrorRate: 1,
};

export const policies: readonly Policy[] = [
  { name: "frozen", settings: null, rule: standardRolloutRule },
  { name: "hasty", settings: hasty, rule: noRule },
  { name: "control", settings: standardSettings, rule: standardRolloutRule },
];
