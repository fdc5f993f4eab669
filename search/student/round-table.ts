import { must } from "../../src/invariant.ts";
import { interpolate } from "./interpolate.ts";
import { quantizeBlocks, tableBlock } from "./quantize.ts";
import { tableName, type Weight, type Weights } from "./weights.ts";

/**
 * A share of the way from a student to what training made of it; where the student was read from its int8 graphs, with what its token
 * table learned (`roundTable`).
 */
export function partOfTheWay(before: Weights, after: Weights, share: number): Weights {
  const mean = share === 1 ? after : interpolate(before, after, share);
  const [from, to] = [before.get(tableName), mean.get(tableName)];
  return from === undefined || to === undefined ? mean : new Map([...mean, [tableName, roundTable(from, to)]]);
}

/** From here on numbers are what the scale of their block goes by: they stay, and none comes to them. */
const outermost = 7;
/** Of a step: numbers that were restored are whole steps but for the last digits of a float. */
const tolerance = 1e-3;

/**
 * A token table [vocabulary, width] that was restored from 4-bit numbers and trained on, as such numbers again, with the same scales.
 * Training moves a number by a thirtieth of a step (rms; 3x384, 4M tokens), so the nearest ones are nearly always those that it came from:
 * a fifth of what a table had learned was left, and nothing of the rest for the next round to build on. Here the numbers of a row that moved
 * furthest take a whole step, as many of them as it takes for the row to have come as far as it did in the direction in which it went.
 * @returns rows that were no 4-bit numbers before as they are after
 */
export function roundTable(before: Weight, after: Weight): Weight {
  const { dims } = before;
  const [rows, width] = [must(dims[0]), must(dims[1])];
  const { scales, blocks } = quantizeBlocks(before);
  const data = Float32Array.from(after.data);
  for (let r = 0; r < rows; r++) {
    const scaleOf = (column: number) => scales[r * blocks + Math.floor(column / tableBlock)] as number;
    const start = before.data.subarray(r * width, (r + 1) * width);
    if (isRestored(start, scaleOf)) roundRow(start, data.subarray(r * width, (r + 1) * width), scaleOf);
  }
  return { dims, data };
}

type ScaleOf = (column: number) => number;

function isRestored(row: Float32Array, scaleOf: ScaleOf): boolean {
  return row.every((x, column) => {
    const steps = x / scaleOf(column);
    return Math.abs(steps - Math.round(steps)) < tolerance;
  });
}

/** @param end where the row has come to, and where the rounded one is put */
function roundRow(start: Float32Array, end: Float32Array, scaleOf: ScaleOf): void {
  const moves = movesBetween(start, end, scaleOf);
  let missing = moves.reduce((sum, { by }) => sum + by * by, 0);
  end.set(start);
  for (const { column, by } of moves) {
    if (missing <= Math.abs(by) / 2) return;
    const from = Math.round(must(start[column]) / scaleOf(column));
    const steps = Math.sign(by) * Math.max(1, Math.round(Math.abs(by)));
    if (Math.abs(from) >= outermost || Math.abs(from + steps) >= outermost) continue;
    end[column] = must(start[column]) + steps * scaleOf(column);
    missing -= steps * by;
  }
}

/** In steps, the largest first. */
function movesBetween(start: Float32Array, end: Float32Array, scaleOf: ScaleOf) {
  const moves: { readonly column: number; readonly by: number }[] = [];
  start.forEach((x, column) => {
    const by = ((end[column] as number) - x) / scaleOf(column);
    if (by !== 0) moves.push({ column, by });
  });
  return moves.sort((a, b) => Math.abs(b.by) - Math.abs(a.by));
}
