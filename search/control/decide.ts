import { type Decision, decisionKey } from "./decision.ts";
import { describeSignals, describeTraffic, describeUnread } from "./describe.ts";
import { judgeRollout } from "./judge-rollout.ts";
import { needsRanking, needsRecalibration } from "./needs-ranking.ts";
import { needsSearch } from "./needs-search.ts";
import { needsSwitch } from "./needs-switch.ts";
import type { Observation, RolloutEvidence, Traffic } from "./observation.ts";
import type { ControlSettings } from "./settings.ts";
import { nextSignals, signalValues } from "./signals.ts";
import type { Reasoned, Situation } from "./situation.ts";
import type { ControlState } from "./state.ts";

/**
 * The core of control: what is seen, what is remembered and what is allowed become one decision, its reason in a line with the
 * numbers behind it, and what to remember. Pure: no clock, no files; the simulation runs the same function.
 *
 * Metrics that are missing, thin or not to be believed lead to `nothing`, also where a rollout is under way: no candidate comes or
 * goes on what nobody saw.
 */

export interface Outcome {
  readonly decision: Decision;
  readonly reason: string;
  readonly nextState: ControlState;
}

/** The first that has something to say decides. What is under way goes before what might be begun. */
const rules: readonly ((situation: Situation) => Reasoned | null)[] = [
  followRollouts,
  needsRecalibration,
  needsRanking,
  needsSwitch,
  needsSearch,
];

export function decide(observation: Observation, state: ControlState, settings: ControlSettings): Outcome {
  const blind = whyBlind(observation, settings);
  if (observation.traffic === null || blind !== null)
    return { decision: { kind: "nothing" }, reason: blind ?? "", nextState: forgetStreaks(state) };
  const seen = remember(observation, observation.traffic, state, settings);
  const situation: Situation = { observation, traffic: observation.traffic, state: seen, settings };
  for (const rule of rules) {
    const found = rule(situation);
    if (found !== null) return { ...found, nextState: withTime(found.decision, observation, seen) };
  }
  const said = `${describeTraffic(observation.traffic)}; ${describeSignals(seen)}${describeUnread(seen, settings)}`;
  return { decision: { kind: "nothing" }, reason: said, nextState: seen };
}

function whyBlind({ servers, traffic }: Observation, settings: ControlSettings): string | null {
  const { asked, refused } = servers;
  const usable = asked - refused.length;
  const reasons = refused.map(({ server, reason }) => `${server}: ${reason}`).join("; ");
  if (traffic === null || usable < settings.minServers * asked)
    return `metrics of ${usable} of ${asked} servers can be used${reasons === "" ? "" : ` (${reasons})`}`;
  if (traffic.texts < settings.minTexts)
    return `${traffic.texts} texts in ${Math.round(traffic.seconds)} s, ${settings.minTexts} needed to tell anything`;
  return null;
}

/** What was confirmed stays; what was on its way begins again. */
function forgetStreaks(state: ControlState): ControlState {
  const signals = Object.entries(state.signals).map(([name, signal]) => [name, { ...signal, streak: 0 }]);
  return { ...state, recentTextsPerSecond: [], signals: Object.fromEntries(signals) as ControlState["signals"] };
}

const dayMs = 24 * 3600 * 1000;

function remember(
  observation: Observation,
  traffic: Traffic,
  state: ControlState,
  settings: ControlSettings,
): ControlState {
  const faded = state.peakTextsPerSecond * 0.5 ** ((observation.atMs - state.peakAtMs) / dayMs);
  const recentTextsPerSecond = [...state.recentTextsPerSecond, rateOf(traffic, observation)].slice(
    -settings.confirmWindows,
  );
  const reached = recentTextsPerSecond.length < settings.confirmWindows ? 0 : Math.min(...recentTextsPerSecond);
  const peakTextsPerSecond = Math.max(faded, reached);
  return {
    ...state,
    recentTextsPerSecond,
    peakTextsPerSecond,
    peakAtMs: observation.atMs,
    corrections: state.corrections + traffic.corrections,
    signals: nextSignals(
      state.signals,
      signalValues(traffic, observation, peakTextsPerSecond),
      settings,
      observation.atMs,
    ),
  };
}

/** Of all servers, also of those that gave no metrics: those that did speak for them. */
function rateOf({ texts, seconds, servers }: Traffic, observation: Observation): number {
  return (texts / seconds) * (observation.servers.asked / Math.max(1, servers));
}

/** A rollout that is under way has control's whole attention: nothing else is begun beside it. */
function followRollouts({ observation }: Situation): Reasoned | null {
  const judged = observation.rollouts.map((evidence) => toStep(evidence, observation));
  return judged.find(({ decision }) => decision.kind !== "nothing") ?? judged[0] ?? null;
}

function toStep(evidence: RolloutEvidence, { atMs, waiting }: Observation): Reasoned {
  const { student, version, stage } = evidence;
  const { what, reason } = judgeRollout(evidence, atMs);
  const name = `${student} ${version}`;
  if (what === "wait") return { decision: { kind: "nothing" }, reason: `${name}: ${reason}` };
  const kind = what === "roll-back" ? what : stage === "shadow" ? ("to-canary" as const) : ("promote" as const);
  const decision: Decision = { kind, student, version };
  if (waiting.includes(decisionKey(decision)))
    return {
      decision: { kind: "nothing" },
      reason: `${name}: ${kind} waits for an operator, or was rejected: ${reason}`,
    };
  return { decision, reason: `${name}: ${reason}` };
}

/** Whether it is acted on or not, the same is not decided again at once. */
function withTime(decision: Decision, { atMs }: Observation, state: ControlState): ControlState {
  if (decision.kind === "nothing") return state;
  return { ...state, lastAtMs: { ...state.lastAtMs, [decisionKey(decision)]: atMs } };
}
