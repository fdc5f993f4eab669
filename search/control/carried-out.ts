import type { Decision } from "./decision.ts";
import type { ControlState } from "./state.ts";

/** Versions that were rolled back and are remembered. */
const rejectedKept = 200;

/** What is remembered of a decision that was acted on. */
export function carriedOut(decision: Decision, state: ControlState, atMs: number): ControlState {
  switch (decision.kind) {
    case "promote":
      return { ...state, liveSinceMs: { ...state.liveSinceMs, [decision.student]: atMs } };
    case "roll-back":
      return withRejected(state, decision.version);
    case "search":
      return { ...state, searchedAtMs: { ...state.searchedAtMs, [decision.because]: atMs } };
    default:
      return state;
  }
}

/** Rolled back, or refused by an operator: not put forward again. */
export function withRejected(state: ControlState, version: string): ControlState {
  return { ...state, rejected: [...new Set([...state.rejected, version])].slice(-rejectedKept) };
}
