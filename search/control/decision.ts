import type { TrainedStudent } from "./observation.ts";

/** What control may do. `nothing`, `re-rank` and `recalibrate` touch only its own books; the others touch what is served. */
export type Decision =
  | { readonly kind: "nothing" }
  | { readonly kind: "re-rank" }
  | { readonly kind: "recalibrate" }
  | { readonly kind: "search"; readonly budgetsMs: readonly number[]; readonly students: readonly string[] }
  /** To one that was live before: it goes into the canary at once. */
  | { readonly kind: "switch-student"; readonly student: string; readonly candidate: TrainedStudent }
  | { readonly kind: "start-shadow"; readonly student: string; readonly candidate: TrainedStudent }
  | {
      readonly kind: "to-canary" | "promote" | "roll-back";
      readonly student: string;
      readonly version: string;
    };
export type DecisionKind = Decision["kind"];

/** Kinds that change no more than what control knows; every mode carries them out. */
export const harmlessKinds: readonly DecisionKind[] = ["nothing", "re-rank", "recalibrate"];

/** What a decision is about: two of the same key are the same decision. */
export function decisionKey(decision: Decision): string {
  return "student" in decision ? `${decision.kind} ${decision.student}` : decision.kind;
}
