import { type Architecture, architectureName } from "../../src/contract/architecture.ts";
import type { Latency, Manifest } from "../../src/contract/manifest.ts";
import { predictLatencyMs } from "../../src/contract/predict-latency.ts";
import type { ProductionModel } from "../reward/production/expectation.ts";
import type { OkTrial } from "../space/trial.ts";
import { budgetTokens } from "../timed-lengths.ts";
import { expectText, type Timed } from "./expect-text.ts";
import type { RankedSlot, Ranking, Traffic, TrainedStudent } from "./observation.ts";

/**
 * Compares the students of a name under production: its lengths, how fast its machines are beside the manifests, and what its
 * load leaves at the daily peak. A student that has no time for a text leaves it to the faster one beside it, as servers do,
 * so what counts is the score that users get from both.
 */

/** A student that is there to be served, or is. */
export interface KnownStudent {
  readonly folder: string;
  readonly manifest: Pick<Manifest, "version" | "maxTokens" | "architecture">;
  /** The live one's mean, and what it is above or below that on the validation rows that both have. */
  readonly score: number;
  /** As it is served among those that are live: without members that are not there, and in another's place alone. */
  readonly latency: Manifest["latency"];
  readonly wasLive: boolean;
}

export interface Slot {
  readonly student: string;
  readonly budgetMs: number;
  readonly live: KnownStudent;
  readonly others: readonly KnownStudent[];
  /** Of the fastest student that answers what this one has no time for; 0 when there is none and texts are refused. */
  readonly fallbackScore: number;
}

export interface Production {
  readonly atMs: number;
  readonly lengths: Traffic["lengths"];
  readonly textsPerSecond: number;
  /** Of all servers; null where they do not tell. */
  readonly workers: number | null;
  /** Measured to predicted work, by live student. */
  readonly ratios: Readonly<Record<string, number>>;
  /** What production taught about latency; null where nothing did, and ratios are all that is known. */
  readonly model: ProductionModel | null;
}

/** Share of the workers' time beyond which the wait grows past budgets. */
const busyMost = 0.85;
/** Least gain, in shares of the teacher's variance, that makes an architecture of the trials worth a search. */
const leastGain = 0.01;

/** Versions that were rolled back are not put forward again. */
export function withoutRejected(slot: Slot, rejected: readonly string[]): Slot {
  return { ...slot, others: slot.others.filter(({ manifest }) => !rejected.includes(manifest.version)) };
}

export function rank(slots: readonly Slot[], trials: readonly OkTrial[], production: Production): Ranking {
  const texts = production.lengths.reduce((sum, length) => sum + length.texts, 0);
  const tokens = production.lengths.reduce((sum, length) => sum + length.tokens * length.texts, 0);
  return {
    atMs: production.atMs,
    meanTokens: tokens / texts,
    textsPerSecond: production.textsPerSecond,
    ofProduction: production.model !== null,
    slots: slots.map((slot) => rankSlot(slot, trials, production)),
  };
}

function rankSlot(slot: Slot, trials: readonly OkTrial[], production: Production): RankedSlot {
  const expect = (timed: Timed) => expectText(slot.student, timed, production);
  const roomMs = roomOf(production);
  const shareOf = (ms: number) => Math.min(1, slot.budgetMs / ms, roomMs / ms);
  const toTrained = ({ folder, manifest, score, latency, wasLive }: KnownStudent): TrainedStudent => {
    const expectedMs = expect({ ...manifest, lengths: latency.lengths });
    const share = shareOf(expectedMs);
    const worth = share * score + (1 - share) * slot.fallbackScore;
    return { folder, version: manifest.version, score, expectedMs, share, worth, wasLive };
  };
  const live = toTrained(slot.live);
  const others = slot.others.map(toTrained).sort((a, b) => b.worth - a.worth || a.expectedMs - b.expectedMs);
  const expectTrial = ({ architecture, latency }: OkTrial) =>
    expect({ architecture, lengths: latency, maxTokens: 512 });
  const promising = findPromising(slot, trials, (trial) => shareOf(expectTrial(trial)));
  const roomForText = Math.min(slot.budgetMs, roomMs);
  // A search that is told of production takes budgets of its texts; one that is not takes them offline.
  const [searchMs, promisingMs] =
    production.model === null
      ? [(roomForText * offlineMs(slot.live.latency.lengths)) / live.expectedMs, offlineMs(promising?.latency)]
      : [roomForText, promising === null ? 0 : expectTrial(promising)];
  return {
    student: slot.student,
    budgetMs: slot.budgetMs,
    roomMs: Number.isFinite(roomMs) ? roomMs : null,
    live,
    best: others[0] ?? null,
    searchBudgetMs: Number(Math.max(searchMs, promisingMs).toPrecision(3)),
    promising: promising === null ? null : architectureName(promising.architecture),
  };
}

/** ms of a text that the workers have, all of them together. */
function roomOf({ workers, textsPerSecond }: Production): number {
  if (workers === null || textsPerSecond === 0) return Number.POSITIVE_INFINITY;
  return (1000 * busyMost * workers) / textsPerSecond;
}

/** At the length at which searches keep their budgets, on the machine that they run on; 0 for none. */
function offlineMs(lengths: Latency["lengths"] | undefined): number {
  return lengths === undefined ? 0 : predictLatencyMs({ lengths } as Latency, budgetTokens, "p50Ms");
}

/** The trial that promises most, where that is none of the trained ones and more than the live one promised as a trial. */
function findPromising(slot: Slot, trials: readonly OkTrial[], shareOf: (trial: OkTrial) => number): OkTrial | null {
  const nameOf = ({ architecture }: { readonly architecture: Architecture }) => architectureName(architecture);
  const promise = (trial: OkTrial) => shareOf(trial) * (1 - trial.loss);
  const trained = [slot.live, ...slot.others].map(({ manifest }) => nameOf(manifest));
  const now = trials.find((trial) => nameOf(trial) === nameOf(slot.live.manifest));
  const best = [...trials].sort((a, b) => promise(b) - promise(a))[0];
  if (now === undefined || best === undefined || promise(best) < promise(now) + leastGain) return null;
  return trained.includes(nameOf(best)) ? null : best;
}
