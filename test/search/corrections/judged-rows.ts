import type { JudgedSet } from "../../../search/heads/score.ts";

/** How many rows a set has, and how many the student of after gets wrong that the one of before got right, and the other way. */
export interface Moved {
  readonly rows: number;
  readonly broken?: number;
  readonly mended?: number;
}

/** Of two labels, three rows in four right before; which rows move is spread over both. */
export function judgedBoth(
  dataSet: string,
  moved: Moved,
  metric: "accuracy" | "macroF1" = "accuracy",
  language = "en",
) {
  const { rows, broken = 0, mended = 0 } = moved;
  const of = (name: string, isRight: (row: number) => boolean): JudgedSet => ({
    set: { task: "sentiment", dataSet, language, rows: [] },
    metric,
    rows: Array.from({ length: rows }, (_, i) => {
      const truth = Math.floor(i / 4) % 2;
      const row = { text: `${name} ${i}`, language, label: String(truth) };
      return { row, logits: new Float32Array(2), truth, predicted: isRight(i) ? truth : 1 - truth };
    }),
  });
  const wasRight = (row: number) => row % 4 !== 0;
  const rights = Array.from({ length: rows }, (_, i) => i).filter(wasRight);
  const wrongs = Array.from({ length: rows }, (_, i) => i).filter((i) => !wasRight(i));
  const turned = new Set([...rights.slice(0, broken), ...wrongs.slice(0, mended)]);
  return { before: of("before", wasRight), after: of("after", (i) => wasRight(i) !== turned.has(i)) };
}
