import { createHash } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { readOwnJson } from "../../src/json-file.ts";
import { replaceFile } from "../../src/replace-file.ts";
import type { Correction, Corrections } from "./corrections.ts";

const SetChange = z.strictObject({ task: z.string(), dataSet: z.string(), points: z.number(), error: z.number() });

/** Raised when the gates change: what they decided before is decided anew. */
const gates = 2;

/** How folders begin that hold what came of corrections, beside the student that they are of. */
export const correctedPrefix = "corrected-";

/** What came of fine-tuning a student on corrections: `corrected-<hash>/decision.json` beside it. */
export const Decision = z.strictObject({
  /** Version of the student that was fine-tuned. */
  base: z.string(),
  trained: z.int(),
  heldOut: z.int(),
  leftOut: z.record(z.string(), z.int()),
  /** In the order in which they were tried. */
  attempts: z.array(
    z.strictObject({
      /** How far from the student as it was to the fine-tuned one. */
      share: z.number(),
      /** Of the held-out corrections: mean rightness before and after, and what their mean log-likelihood gained. */
      rightBefore: z.number(),
      right: z.number(),
      likelihoodGain: z.number(),
      likelihoodError: z.number(),
      /** Points of every validation set with their standard error, the worst first. */
      changes: z.array(SetChange),
      /** Why it was not taken; null when it was. */
      refusal: z.string().nullable(),
    }),
  ),
});
export type Decision = Readonly<z.infer<typeof Decision>>;

/**
 * Of the student, all that it would learn, and the data that it is replayed and judged on: other texts or labels, another hash; in another
 * order, as a file that was written anew may have them, the same.
 * @param data `corpusHash` of them
 */
export function correctionsHash(base: string, data: string, { train, heldOut }: Corrections): string {
  const hash = createHash("sha256").update(`${gates} ${base} ${data}`);
  const lineOf = ({ task, texts, target }: Correction) => JSON.stringify([task, texts, [...target]]);
  for (const part of [train, heldOut]) {
    hash.update("part");
    for (const line of part.map(lineOf).sort()) hash.update(line);
  }
  return hash.digest("hex").slice(0, 12);
}

/** Null when it has not been decided yet. @throws {BadFileError} */
export function readDecision(path: string): Decision | null {
  if (!existsSync(path)) return null;
  return readOwnJson(path, Decision, "not a decision on corrections; remove it to decide again");
}

export function writeDecision(path: string, decision: Decision): void {
  mkdirSync(dirname(path), { recursive: true });
  replaceFile(path, `${JSON.stringify(decision, null, 1)}\n`);
}
