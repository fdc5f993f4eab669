import { z } from "zod";
import { TrainedStudent } from "./observation.ts";

/** A student that a search is to find, and the budget at which it looks. */
const WantedStudent = z.strictObject({ student: z.string(), budgetMs: z.number().positive() });

const putForward = {
  student: z.string(),
  candidate: TrainedStudent,
  /** Its expected time divided by the live one's: a more accurate student may take longer, and its rule says by how much. */
  expectedRatio: z.number().positive(),
};

/** What control may do. `nothing`, `re-rank` and `recalibrate` touch only its own books; the others touch what is served. */
export const Decision = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("nothing") }),
  z.strictObject({ kind: z.literal("re-rank") }),
  z.strictObject({ kind: z.literal("recalibrate") }),
  z.strictObject({
    kind: z.literal("search"),
    because: z.string(),
    wanted: z.array(WantedStudent),
    /** Whether budgets are of production's texts, which the search is then told of, and not offline. */
    ofProduction: z.boolean().default(false),
  }),
  /** To one that was live before: it goes into the canary at once. */
  z.strictObject({ kind: z.literal("switch-student"), ...putForward }),
  z.strictObject({ kind: z.literal("start-shadow"), ...putForward }),
  z.strictObject({ kind: z.enum(["to-canary", "promote", "roll-back"]), student: z.string(), version: z.string() }),
]);
export type Decision = Readonly<z.infer<typeof Decision>>;

/** Kinds that change no more than what control knows; every mode carries them out. */
export function isHarmless({ kind }: Decision): boolean {
  return kind === "nothing" || kind === "re-rank" || kind === "recalibrate";
}

/** What a decision is about: two of the same key are the same decision. */
export function decisionKey(decision: Decision): string {
  return "student" in decision ? `${decision.kind} ${decision.student}` : decision.kind;
}
