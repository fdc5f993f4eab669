/** A share as it is written for people: `6.2 %`; of nothing, which is NaN, a dash. */
export function percent(share: number, digits = 1): string {
  return Number.isNaN(share) ? "–" : `${(100 * share).toFixed(digits)} %`;
}
