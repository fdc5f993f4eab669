import { type Architecture, architectureName } from "../../../src/contract/architecture.ts";
import type { Latency } from "../../../src/contract/manifest.ts";
import { type LatencyModel, predictLatency } from "../latency-model.ts";
import { offlineTimes, type StudentPoint } from "./compare.ts";
import { quantileMs } from "./latency-distribution.ts";
import { meanTokens, type Shape } from "./observed.ts";
import { ratioAt } from "./ratio-model.ts";

/** The latency model as production corrects it: plain data, which a later search may be given. */
export interface ProductionModel {
  readonly model: LatencyModel;
  readonly isTimedThere: boolean;
  readonly shape: Shape;
  readonly students: readonly StudentPoint[];
}

/** Offline timings of an architecture; none where it was never timed. */
type Timings = Latency["lengths"] | readonly never[];

export interface Expected {
  /** Of a text, over production's lengths and numbers of texts in a pass. */
  readonly ms: number;
  readonly p95Ms: number;
  /** Standard deviation of ln(true / expected). */
  readonly uncertainty: number;
}

/**
 * What production would take for an architecture.
 * @param timed its own offline timings, if there are any
 * @param shape other traffic than the model's
 */
export function expectInProduction(
  production: ProductionModel,
  architecture: Architecture,
  timed: Timings = [],
  shape: Shape = production.shape,
): Expected {
  const { model, students } = production;
  const { times, ratio, uncertainty } = scaledTimes(production, architecture, timed, shape);
  const isTimed = timed.length > 0 && production.isTimedThere;
  const tokens = Math.max(1, Math.round(meanTokens(shape)));
  const offline = isTimed ? 0 : predictLatency(model, architecture, tokens).uncertainty;
  return {
    ms: times.meanMs * ratio,
    p95Ms: quantileMs(times, 0.95, ratio, spreadAt(students, times.meanMs)),
    uncertainty: Math.hypot(offline, uncertainty),
  };
}

/** The mean alone, as `expectInProduction` gives it. */
export function expectedMs(production: ProductionModel, architecture: Architecture, timed: Timings = []): number {
  const { times, ratio } = scaledTimes(production, architecture, timed, production.shape);
  return times.meanMs * ratio;
}

function scaledTimes(production: ProductionModel, architecture: Architecture, timed: Timings, shape: Shape) {
  const times = offlineTimes(production, architecture, timed, shape);
  const place = { architecture: architectureName(architecture), predictedMs: times.meanMs };
  return { times, ...ratioAt(production.students, place) };
}

/** Of the students, each weighed by its nearness in ln(ms); measured from the nearest one, so that not all weights vanish. */
function spreadAt(students: readonly StudentPoint[], predictedMs: number): number {
  const distances = students.map((student) => Math.abs(Math.log(student.predictedMs / predictedMs)));
  const nearest = Math.min(...distances);
  const weights = distances.map((distance) => Math.exp(nearest ** 2 - distance ** 2));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return students.reduce((sum, { spread }, i) => sum + (spread * (weights[i] as number)) / total, 0);
}
