import { type Architecture, architectureName } from "../../../src/contract/architecture.ts";
import type { Latency, Manifest } from "../../../src/contract/manifest.ts";
import { UpstreamError } from "../../../src/errors.ts";
import type { LatencyModel } from "../latency-model.ts";
import { fitSpread, type Times, timesOver } from "./latency-distribution.ts";
import type { Observed, ObservedStudent } from "./observed.ts";
import type { RatioPoint } from "./ratio-model.ts";
import type { Traffic } from "./traffic.ts";

/** What the latency model believes offline about students that serve, beside what production shows of them. */
export interface StudentPoint extends RatioPoint {
  readonly name: string;
  readonly texts: number;
  readonly measuredMs: number;
  readonly p95Ms: number;
  /** Standard deviation of ln(ms) that lengths and numbers of texts leave unexplained. */
  readonly spread: number;
}

export interface Skipped {
  readonly name: string;
  readonly reason: string;
}

/** What offline is known about: the model, and the students with their timings where those are of production's machine. */
export interface Offline {
  readonly model: LatencyModel;
  readonly manifests: readonly Manifest[];
  /** Whether students (and trials) were timed on the machine that production runs on. */
  readonly isTimedThere: boolean;
}

/** A ratio beyond this either way is a mix-up of servers or units, not a slow machine. */
const MAX_RATIO = 30;
/** Texts of the same second share its neighbours: so many of them tell as much as one alone. */
const ALIKE = 10;
/** No count makes a mean more certain than the machine is steady. */
const NOISE_FLOOR = 0.02;

/**
 * @param recent the same students, what was seen of late counting more
 * @throws {UpstreamError} when no student can be compared, or one absurdly.
 */
export function compareStudents(
  offline: Offline,
  observed: Observed,
  recent: Observed,
  served: Traffic["students"],
): { students: StudentPoint[]; skipped: Skipped[] } {
  const students: StudentPoint[] = [];
  const skipped: Skipped[] = observed.thin.map(({ name, texts }) => ({ name, reason: `only ${texts} texts` }));
  for (const student of observed.students) {
    const manifest = offline.manifests.find(({ name }) => name === student.name);
    const reason = reasonToSkip(student.name, manifest, served);
    if (reason !== null) skipped.push({ name: student.name, reason });
    else {
      const late = recent.students.find(({ name, texts }) => name === student.name && texts > 0) ?? student;
      students.push({ ...compareStudent(offline, late, manifest as Manifest), texts: student.texts });
    }
  }
  refuseUseless(students, skipped);
  return { students, skipped };
}

function reasonToSkip(name: string, manifest: Manifest | undefined, served: Traffic["students"]): string | null {
  if (manifest === undefined) return "no student of this name in the models folder";
  const labels = served.filter(({ student }) => student === name);
  const versions = [...new Set(labels.map(({ version }) => version ?? ""))];
  if (versions.length > 1) return `served as versions ${versions.join(" and ")} in this time: their counts are one`;
  if (versions.length === 1 && versions[0] !== manifest.version) {
    return `serves version ${versions[0]}, the one in the models folder is ${manifest.version}`;
  }
  const changes = labels.find((each) => each.changes !== undefined)?.changes;
  if (changes !== undefined)
    return `its version changed since its server's start (${changes}×), and its counts are of all of them: ask a Prometheus, with a --window since the last change`;
  return null;
}

function compareStudent(offline: Offline, student: ObservedStudent, { architecture, latency }: Manifest): StudentPoint {
  const times = offlineTimes(offline, architecture, latency.lengths, student);
  const ratio = student.meanMs / times.meanMs;
  const spread = fitSpread(times, ratio, student.p95Ms);
  return {
    name: student.name,
    architecture: architectureName(architecture),
    texts: student.texts,
    predictedMs: times.meanMs,
    measuredMs: student.meanMs,
    p95Ms: student.p95Ms,
    ratio,
    noise: Math.sqrt((ALIKE * (Math.exp(spread ** 2) - 1)) / student.texts + NOISE_FLOOR ** 2),
    spread,
  };
}

/** Times of an architecture over a shape of traffic, as known offline. */
export function offlineTimes(
  { model, isTimedThere }: Pick<Offline, "model" | "isTimedThere">,
  architecture: Architecture,
  timed: Latency["lengths"] | readonly never[],
  shape: Pick<ObservedStudent, "lengths" | "rows">,
): Times {
  // What a static student reads beside pieces is in its timings only, wherever they were taken.
  const known = isTimedThere || architecture.layers === 0 ? timed : [];
  return timesOver(model, architecture, known, shape);
}

function refuseUseless(students: readonly StudentPoint[], skipped: readonly Skipped[]): void {
  if (students.length === 0) {
    const reasons = skipped.map(({ name, reason }) => `${name}: ${reason}`).join("; ");
    throw new UpstreamError(`the metrics tell nothing about our students (${reasons})`);
  }
  const absurd = students.find(({ ratio }) => ratio > MAX_RATIO || ratio < 1 / MAX_RATIO);
  if (absurd !== undefined) {
    const { name, measuredMs, predictedMs } = absurd;
    throw new UpstreamError(
      `${name}: absurd latency: ${measuredMs.toPrecision(3)} ms measured where ${predictedMs.toPrecision(3)} ms is expected`,
    );
  }
}
