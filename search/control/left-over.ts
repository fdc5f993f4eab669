import { readRollouts } from "../../src/contract/rollout.ts";
import type { Proposals } from "./proposals.ts";
import type { ControlRecord } from "./record.ts";

/** What a control that proposes or acts would go on with, a line each. @throws {BadFileError} when the rollout file is no usable one. */
export function leftOver(models: string, { search }: ControlRecord, proposals: Proposals): string[] {
  const promoting = readRollouts(models).rollouts.filter(({ now }) => now?.stage === "promoting");
  return [
    ...promoting.map(({ student }) => `${student} · its promotion, amid which somebody was killed, is not finished`),
    ...proposals.with("accepted").map(({ id }) => `proposal ${id} · is accepted, and not carried out`),
    ...(search?.status === "running" ? [`search ${search.id} · was not over, and is left as it is`] : []),
  ].map((line) => `${line}: mode observe`);
}
