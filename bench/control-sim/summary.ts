import { percent } from "../../src/percent.ts";
import type { Course } from "./simulate.ts";

export interface Totals {
  readonly kept: number;
  readonly right: number;
}

/** Shares of all requests of a course. */
export function totalsOf({ windows }: Course): Totals {
  const total = (of: (window: Course["windows"][number]) => number) =>
    windows.reduce((sum, window) => sum + of(window), 0);
  const asked = total((window) => window.asked);
  return { kept: total(({ kept }) => kept) / asked, right: total(({ right }) => right) / asked };
}

export function summarise(course: Course): string[] {
  const { kept, right } = totalsOf(course);
  const counts = [course.promotions, course.rollBacks, course.searches];
  return [percent(kept, 2), percent(right, 2), ...counts.map(String)];
}
