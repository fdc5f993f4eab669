import * as z from "zod";
import { Score } from "../../src/contract/manifest.ts";

const share = z.number();
const count = z.int().nonnegative();

/** All that is measured of a student or teacher on validation data; plain data, so that a teacher's can be kept. */
export const Measured = z.strictObject({
  scores: z.array(Score.omit({ teacher: true })),
  /** Share of right answers for each kind of case of the functional suites. */
  kinds: z.array(
    z.strictObject({ dataSet: z.string(), language: z.string(), kind: z.string(), rows: count, accuracy: share }),
  ),
  /** Rows of a language that were answered with a language; those with none are left out. */
  confusions: z.array(z.strictObject({ language: z.string(), answer: z.string(), rows: count })),
  /** Accuracy of language identification on texts cut to a number of words; null: whole texts. */
  cuts: z.array(z.strictObject({ words: count.nullable(), language: z.string(), rows: count, accuracy: share })),
  /** Expected calibration error of a task, with the fitted temperature and without. */
  calibration: z.array(z.strictObject({ task: z.string(), before: share, after: share, temperature: z.number() })),
});
export type Measured = Readonly<z.infer<typeof Measured>>;

/** Of several that were measured on tasks of their own. */
export function joinMeasured(parts: readonly Measured[]): Measured {
  return {
    scores: parts.flatMap(({ scores }) => scores),
    kinds: parts.flatMap(({ kinds }) => kinds),
    confusions: parts.flatMap(({ confusions }) => confusions),
    cuts: parts.flatMap(({ cuts }) => cuts),
    calibration: parts.flatMap(({ calibration }) => calibration),
  };
}

/** Columns of a table: students in order, the teacher last. */
export type Subjects = ReadonlyMap<string, Measured>;
