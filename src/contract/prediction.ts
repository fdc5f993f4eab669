import { z } from "zod";

/** One answer. `scores` maps labels to probabilities (the most likely five where there are many labels). */
export const Result = z.strictObject({
  label: z.string(),
  /** Probability of `label`; for adequacy the adequacy itself. */
  score: z.number().min(0).max(1),
  scores: z.record(z.string(), z.number().min(0).max(1)),
  truncated: z.literal(true).optional(),
  /** Who answered this, where it was another student than the one that the reply names. */
  student: z.string().optional(),
});
export type Result = z.infer<typeof Result>;
