import type { Manifest } from "../../../src/contract/manifest.ts";
import { UpstreamError } from "../../../src/errors.ts";
import { quantile } from "../../../src/stats.ts";
import type { Offline } from "./compare.ts";
import { expectInProduction, type ProductionModel } from "./expectation.ts";
import { fitProduction } from "./fit.ts";
import { type Observed, type ObservedStudent, readObserved } from "./observed.ts";
import { addUp, type Traffic } from "./traffic.ts";

/** How far predictions were off on what they were not fitted to, before production was taken into account and after. */
export interface Judgement {
  /** What was held out. */
  readonly heldOut: "second half" | "each student in turn";
  readonly cases: readonly Case[];
}

/** A student in a part of the time that was held out. */
export interface Case {
  readonly name: string;
  readonly texts: number;
  readonly seenMs: number;
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly seenP95Ms: number;
  readonly afterP95Ms: number;
}

export interface Errors {
  readonly before: number;
  readonly after: number;
}

/** Median of |predicted / seen - 1|: 0.05 is 5 %. */
export function medianErrors(cases: readonly Case[]): Errors {
  const errorOf = (ms: (of: Case) => number) =>
    quantile(
      cases.map((of) => Math.abs(ms(of) / of.seenMs - 1)),
      0.5,
    );
  return { before: errorOf(({ beforeMs }) => beforeMs), after: errorOf(({ afterMs }) => afterMs) };
}

/** A student's cases as one, over all their texts: p95s are then means of p95s. */
export function overAllParts(cases: readonly Case[]): Case[] {
  const names = [...new Set(cases.map(({ name }) => name))];
  return names.map((name) => {
    const own = cases.filter((of) => of.name === name);
    const texts = own.reduce((sum, of) => sum + of.texts, 0);
    const over = (ms: (of: Case) => number) => own.reduce((sum, of) => sum + ms(of) * of.texts, 0) / texts;
    return {
      name,
      texts,
      seenMs: over(({ seenMs }) => seenMs),
      beforeMs: over(({ beforeMs }) => beforeMs),
      afterMs: over(({ afterMs }) => afterMs),
      seenP95Ms: over(({ seenP95Ms }) => seenP95Ms),
      afterP95Ms: over(({ afterP95Ms }) => afterP95Ms),
    };
  });
}

/**
 * Predicts each part of the second half of the texts, fitted to all that came before it; where all is one part, or a half is too thin, fits to
 * all students but one and predicts that one. Null where neither can be done.
 */
export function judge(offline: Offline, traffic: Traffic, minSamples: number): Judgement | null {
  return judgeSecondHalf(offline, traffic, minSamples) ?? judgeStudents(offline, traffic, minSamples);
}

function judgeSecondHalf(offline: Offline, { parts, students }: Traffic, minSamples: number): Judgement | null {
  const observed = parts.map((part) => tryRead(part, minSamples));
  const middle = halfOf(observed);
  const cases = observed.flatMap((part, i) => {
    if (part === null || i < middle || i === 0) return [];
    const fitted = tryFit(offline, parts.slice(0, i), students, minSamples);
    return fitted === null ? [] : casesOf(offline.manifests, fitted, part);
  });
  return cases.length === 0 ? null : { heldOut: "second half", cases };
}

/** Where the second half of the texts begins. */
function halfOf(observed: readonly (Observed | null)[]): number {
  const texts = observed.map((part) => (part?.students ?? []).reduce((sum, student) => sum + student.texts, 0));
  const total = texts.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  return texts.findIndex((count) => {
    seen += count;
    return seen > total / 2;
  });
}

function judgeStudents(offline: Offline, { parts, students }: Traffic, minSamples: number): Judgement | null {
  const all = tryFit(offline, parts, students, minSamples);
  const observed = tryRead(addUp(parts), minSamples);
  if (all === null || observed === null || all.students.length < 2) return null;
  const cases = all.students.flatMap(({ name }) => {
    const fitted = { ...all, students: all.students.filter((other) => other.name !== name) };
    return casesOf(offline.manifests, fitted, {
      ...observed,
      students: observed.students.filter((student) => student.name === name),
    });
  });
  return { heldOut: "each student in turn", cases };
}

function casesOf(manifests: readonly Manifest[], fitted: ProductionModel, { students }: Observed): Case[] {
  return students.flatMap((student) => {
    const manifest = manifests.find(({ name }) => name === student.name);
    return manifest === undefined ? [] : [caseOf(fitted, student, manifest)];
  });
}

function caseOf(fitted: ProductionModel, student: ObservedStudent, manifest: Manifest): Case {
  const { architecture, latency } = manifest;
  const after = expectInProduction(fitted, architecture, latency.lengths, student);
  const before = expectInProduction({ ...fitted, students: [] }, architecture, latency.lengths, student);
  return {
    name: student.name,
    texts: student.texts,
    seenMs: student.meanMs,
    beforeMs: before.ms,
    afterMs: after.ms,
    seenP95Ms: student.p95Ms,
    afterP95Ms: after.p95Ms,
  };
}

function tryFit(
  offline: Offline,
  parts: Traffic["parts"],
  served: Traffic["students"],
  minSamples: number,
): ProductionModel | null {
  return orNull(() => fitProduction(offline, { parts, students: served }, minSamples).production);
}

function tryRead(samples: Parameters<typeof readObserved>[0], minSamples: number): Observed | null {
  return orNull(() => readObserved(samples, minSamples));
}

/** What is too thin for a half is no error: the whole was read before. */
function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof UpstreamError) return null;
    throw error;
  }
}
