import type { Manifest } from "../../src/contract/manifest.ts";

/** Corrections among the data sets of a student that learned from them. */
export const feedbackSet = {
  name: "feedback",
  licence: "as its senders gave it",
  source: "corrections sent to POST /v1/feedback",
} as const;

export function learnedFromFeedback({ dataSets }: Pick<Manifest, "dataSets">): boolean {
  return dataSets.some(({ name }) => name === feedbackSet.name);
}
