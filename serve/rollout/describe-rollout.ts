import { z } from "zod";
import { Latency } from "../../src/contract/manifest.ts";
import { ActiveRollout } from "../../src/contract/rollout.ts";
import type { Candidates } from "./candidates.ts";

const Times = z.strictObject({ p50: z.number(), p95: z.number() }).nullable();

const { stage, share, stickyBy, since, rule } = ActiveRollout.shape;

/** What `GET /v1/students` tells of the candidate beside a student: how far it is, and what this process has seen of it. */
export const Rollout = z.strictObject({
  candidate: z.strictObject({ version: z.string(), architecture: z.string().optional(), latency: Latency.optional() }),
  ...{ stage, share, stickyBy, since, rule },
  /** Texts that it was asked since the stage began, those of them that failed, and those that there was no time for. */
  texts: z.int(),
  failed: z.int(),
  skipped: z.int(),
  /** By task, of texts that both answered. */
  agreement: z.record(
    z.string(),
    z.strictObject({ texts: z.int(), agreed: z.int(), meanDistance: z.number().nullable() }),
  ),
  /** Time worked for a text, of the last thousand of each. */
  workMs: z.strictObject({ live: Times, candidate: Times }),
  /** Why this server asks it nothing more. */
  suspended: z.string().optional(),
  /** Why it could not be loaded. */
  refused: z.string().optional(),
});
export type Rollout = z.infer<typeof Rollout>;

/** Undefined where no candidate is beside the student. */
export function describeRollout(candidates: Candidates, student: string): Rollout | undefined {
  const beside = candidates.beside(student);
  if (beside) return beside.describe();
  const refusal = candidates.refusalOf(student);
  if (refusal === undefined) return undefined;
  const { candidate, ...stage } = refusal.now;
  return {
    candidate: { version: candidate.version },
    ...stage,
    ...{ texts: 0, failed: 0, skipped: 0, agreement: {}, workMs: { live: null, candidate: null } },
    refused: refusal.reason,
  };
}
