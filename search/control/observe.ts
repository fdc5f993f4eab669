import type { RolloutFile } from "../../src/contract/rollout.ts";
import { quantile } from "../../src/stats.ts";
import type { ProductionModel } from "../reward/production/expectation.ts";
import { addEvidence, toRolloutEvidence } from "./evidence.ts";
import type { Observation, SearchSeen, Traffic } from "./observation.ts";
import type { Look } from "./observer.ts";
import type { Production } from "./rank.ts";
import type { ControlRecord } from "./record.ts";
import { toTraffic } from "./traffic.ts";

/** What there is beside the servers' metrics. */
export interface Surroundings {
  readonly rollouts: RolloutFile;
  readonly search: SearchSeen;
  /** Decisions that wait for an operator, or were rejected of late. */
  readonly waiting: readonly string[];
}

/** Windows whose speeds a calibration is the median of. */
const ratioWindows = 3;
/** What a window's lengths still count after the next one: with one a minute they are of the last hour. */
const lengthsKept = 0.98;

/** Fewer texts of a window say nothing about lengths. */
const leastTexts = 20;

/** A look becomes what a decision needs; what has to be remembered of it goes into the record. Pure. */
export function observe(
  record: ControlRecord,
  look: Look,
  { rollouts, search, waiting }: Surroundings,
  atMs: number,
): { readonly observation: Observation; readonly record: ControlRecord } {
  const traffic = toTraffic(look.windows);
  const evidence = addEvidence(
    record.evidence,
    rollouts,
    look.windows.flatMap((window) => window.rollouts),
  );
  const observation: Observation = {
    atMs,
    servers: { asked: look.asked, refused: look.refused },
    traffic,
    rollouts: toRolloutEvidence(evidence, rollouts),
    ranking: record.ranking,
    calibrated: record.calibrated,
    search,
    waiting,
  };
  return {
    observation,
    record: { ...(traffic === null ? record : withTraffic(record, traffic, look.asked)), evidence },
  };
}

function withTraffic(record: ControlRecord, traffic: Traffic, asked: number): ControlRecord {
  const ratios = traffic.students.flatMap(({ name, errorRatio }) =>
    errorRatio === null ? [] : [[name, [...(record.ratios[name] ?? []), errorRatio].slice(-ratioWindows)] as const],
  );
  // Servers that gave no metrics have workers too.
  const workers = traffic.workers === null ? record.workers : (traffic.workers * asked) / traffic.servers;
  return {
    ...record,
    ratios: { ...record.ratios, ...Object.fromEntries(ratios) },
    lengths: mix(record, traffic),
    workers,
  };
}

/** Each window counts the same: one that lies about its texts cannot outweigh the others. */
function mix({ lengths }: ControlRecord, traffic: Traffic): ControlRecord["lengths"] {
  const read = traffic.lengths.reduce((sum, { texts }) => sum + texts, 0);
  if (read < leastTexts) return lengths;
  const sums = new Map(lengths.map(({ tokens, texts }) => [tokens, texts * lengthsKept]));
  for (const { tokens, texts } of traffic.lengths) sums.set(tokens, (sums.get(tokens) ?? 0) + texts / read);
  return [...sums].map(([tokens, texts]) => ({ tokens, texts })).sort((a, b) => a.tokens - b.tokens);
}

/** What `recalibrate` does: the speed of late becomes what is expected. */
export function recalibrated(record: ControlRecord): ControlRecord {
  return { ...record, calibrated: { ...record.calibrated, ...mediansOf(record) } };
}

/** @param model what production taught; null where nothing did */
export function toProduction(record: ControlRecord, atMs: number, model: ProductionModel | null): Production {
  const { lengths, state, workers } = record;
  return {
    atMs,
    lengths,
    textsPerSecond: state.peakTextsPerSecond,
    workers,
    ratios: Object.keys(record.calibrated).length > 0 ? record.calibrated : mediansOf(record),
    model,
  };
}

function mediansOf({ ratios }: ControlRecord): Record<string, number> {
  return Object.fromEntries(Object.entries(ratios).map(([name, values]) => [name, quantile(values, 0.5)]));
}
