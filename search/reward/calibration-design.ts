import type { Architecture } from "../../src/contract/architecture.ts";
import { must } from "../../src/invariant.ts";
import { createSpace, encode, enumerate } from "../space/space.ts";

/** Rows of the token table while calibrating: enough to be spread over, few enough to be written in no time. */
export const calibrationVocabulary = 1000;

/**
 * Architectures to be timed, spread over the space: each next one is the farthest from all before it (Gonzalez 1985), so that any
 * first part of the list covers the space as well as so many can.
 */
export function calibrationDesign(count: number): Architecture[] {
  const space = createSpace(calibrationVocabulary);
  const left = enumerate(space).map((architecture) => ({
    architecture,
    point: encode(space, architecture),
    distance: Number.POSITIVE_INFINITY,
  }));
  const design: Architecture[] = [];
  let next = must(left[0]);
  while (design.length < Math.min(count, left.length)) {
    design.push(next.architecture);
    for (const candidate of left) {
      candidate.distance = Math.min(candidate.distance, squaredDistance(candidate.point, next.point));
    }
    next = left.reduce((far, candidate) => (candidate.distance > far.distance ? candidate : far));
  }
  return design;
}

function squaredDistance(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + (value - must(b[i])) ** 2, 0);
}
