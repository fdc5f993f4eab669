import type { Decision } from "./decision.ts";
import type { Observation, Traffic } from "./observation.ts";
import type { ControlSettings } from "./settings.ts";
import type { ControlState } from "./state.ts";

/** What a rule of `decide()` looks at. */
export interface Situation {
  readonly observation: Observation;
  readonly traffic: Traffic;
  /** With this window in it. */
  readonly state: ControlState;
  readonly settings: ControlSettings;
}

export interface Reasoned {
  readonly decision: Decision;
  /** One line with the numbers behind it. */
  readonly reason: string;
}
