import { percent } from "./describe.ts";
import type { RolloutEvidence } from "./observation.ts";

/** What a candidate has shown, by the rule that is written beside it. Pure. */
export interface Verdict {
  readonly what: "wait" | "advance" | "roll-back";
  readonly reason: string;
}

/** A bad candidate goes as soon as that is sure; a good one stays for the rule's time and texts. */
export function judgeRollout(evidence: RolloutEvidence, atMs: number): Verdict {
  const { rule, stage, texts } = evidence;
  const minutes = (atMs - evidence.sinceMs) / 60_000;
  const sure = surelyBad(evidence);
  if (sure !== null) return { what: "roll-back", reason: sure };
  const isShown = texts >= rule.minTexts && minutes >= rule.minMinutes;
  const fault = isShown ? findFault(evidence) : null;
  if (isShown) {
    if (fault === null) return { what: "advance", reason: describe(evidence) };
    if (fault.final) return { what: "roll-back", reason: fault.reason };
  }
  if (minutes > rule.maxMinutes)
    return {
      what: "roll-back",
      reason: `${stage} not passed within ${rule.maxMinutes} min: ${texts} of ${rule.minTexts} texts; ${describe(evidence)}`,
    };
  return {
    what: "wait",
    reason: `${stage} ${Math.floor(minutes)} of ${rule.minMinutes} min, ${texts} of ${rule.minTexts} texts${fault === null ? "" : `; ${fault.reason}`}`,
  };
}

/** Faults that more texts would hardly take back: by a bound of 99.9 % on what was seen so far. */
function surelyBad(evidence: RolloutEvidence): string | null {
  const { rule, texts, failed } = evidence;
  if (evidence.suspended) return `a server asks it nothing more: ${failed} of ${texts} texts failed`;
  if (failed >= 3 && lowerBound(failed, texts) > rule.maxErrorRate)
    return `${failed} of ${texts} texts failed, ${percent(rule.maxErrorRate)} allowed`;
  const worst = evidence.agreement.find(
    ({ task, texts: n, agreed }) => n >= 30 && upperBound(agreed, n) < minAgreement(evidence, task),
  );
  return worst === undefined ? null : agreementText(evidence, worst);
}

/** What the rule does not allow; `final` unless waiting may still show it. */
function findFault(evidence: RolloutEvidence): { readonly reason: string; readonly final: boolean } | null {
  const { rule, texts, failed, p95Ratio, stage } = evidence;
  if (failed / texts > rule.maxErrorRate)
    return { reason: `${failed} of ${texts} texts failed, ${percent(rule.maxErrorRate)} allowed`, final: true };
  const low = evidence.agreement.find(
    ({ task, texts: n, agreed }) => n > 0 && agreed / n < minAgreement(evidence, task),
  );
  if (low !== undefined) return { reason: agreementText(evidence, low), final: true };
  if (stage === "shadow" && evidence.agreement.every(({ texts: n }) => n === 0))
    return { reason: "no text that both answered", final: false };
  if (p95Ratio === null) return { reason: "no latency of both", final: false };
  return p95Ratio > rule.maxP95Ratio
    ? { reason: `p95 ${p95Ratio.toFixed(2)} times the live student's, ${rule.maxP95Ratio} allowed`, final: true }
    : null;
}

function minAgreement({ rule }: RolloutEvidence, task: string): number {
  return rule.minAgreementOf[task] ?? rule.minAgreement;
}

function agreementText(
  evidence: RolloutEvidence,
  { task, texts, agreed }: RolloutEvidence["agreement"][number],
): string {
  return `${task}: same label on ${percent(agreed / texts)} of ${texts} texts, ${percent(minAgreement(evidence, task))} needed`;
}

function describe({ agreement, p95Ratio, texts, failed }: RolloutEvidence): string {
  const shares = agreement
    .filter(({ texts: n }) => n > 0)
    .map(({ task, texts: n, agreed }) => `${task} ${percent(agreed / n)} agreed`);
  const latency = p95Ratio === null ? [] : [`p95 ${p95Ratio.toFixed(2)} times the live student's`];
  return [`${texts} texts, ${failed} failed`, ...shares, ...latency].join(", ");
}

/** Wilson's bounds on a share. */
const z = 3.29;
export function upperBound(hits: number, n: number): number {
  return wilson(hits, n, 1);
}
export function lowerBound(hits: number, n: number): number {
  return wilson(hits, n, -1);
}
function wilson(hits: number, n: number, side: 1 | -1): number {
  const share = hits / n;
  const spread = z * Math.sqrt((share * (1 - share)) / n + z ** 2 / (4 * n ** 2));
  return (share + z ** 2 / (2 * n) + side * spread) / (1 + z ** 2 / n);
}
