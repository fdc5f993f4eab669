import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { readJson } from "../../../src/json-file.ts";
import { replaceFile } from "../../../src/replace-file.ts";
import type { Calibration } from "./calibrate.ts";

/** `runs/<id>/production.json`: what `--metrics` learned from production, for the run's report and for searches that aim at it. */
const Share = z.number().min(0).max(1.000001);
const Numbers = z.array(z.number()).readonly();
const Matrix = z.array(Numbers).readonly();

const Model = z.strictObject({
  coefficients: Numbers,
  scale: z.number().positive(),
  samples: z.int().nonnegative(),
  residual: z.number().nonnegative(),
  covariance: Matrix,
  correction: z
    .strictObject({ weights: Numbers, covariance: Matrix, low: Numbers, high: Numbers })
    .readonly()
    .nullable(),
  jitter: z.strictObject({ base: z.number(), slope: z.number() }).readonly(),
});

const Point = z.strictObject({
  name: z.string(),
  architecture: z.string(),
  texts: z.number().positive(),
  predictedMs: z.number().positive(),
  measuredMs: z.number().positive(),
  p95Ms: z.number().positive(),
  ratio: z.number().positive(),
  noise: z.number().positive(),
  spread: z.number().nonnegative(),
});

const Case = z.strictObject({
  name: z.string(),
  texts: z.number().positive(),
  seenMs: z.number().positive(),
  beforeMs: z.number().positive(),
  afterMs: z.number().positive(),
  seenP95Ms: z.number().positive(),
  afterP95Ms: z.number().positive(),
});

const ProductionFile = z.strictObject({
  format: z.literal(1),
  created: z.iso.datetime(),
  model: Model.readonly(),
  isTimedThere: z.boolean(),
  shape: z
    .strictObject({
      lengths: z
        .array(z.strictObject({ tokens: z.number().positive(), share: Share }).readonly())
        .min(1)
        .readonly(),
      rows: z
        .array(z.strictObject({ rows: z.number().min(1), share: Share }).readonly())
        .min(1)
        .readonly(),
    })
    .readonly(),
  students: z.array(Point.readonly()).min(1).readonly(),
  judgement: z
    .strictObject({
      heldOut: z.enum(["second half", "each student in turn"]),
      cases: z.array(Case.readonly()).min(1).readonly(),
    })
    .readonly()
    .nullable(),
});
export type ProductionFile = Readonly<z.infer<typeof ProductionFile>>;

/** What is kept of a calibration. */
export function toProductionFile(calibration: Calibration, created: Date): ProductionFile {
  const { model, isTimedThere, shape, students, judgement } = calibration;
  return { format: 1, created: created.toISOString(), model, isTimedThere, shape, students, judgement };
}

export function writeProduction(path: string, production: ProductionFile): void {
  mkdirSync(dirname(path), { recursive: true });
  replaceFile(path, `${JSON.stringify(ProductionFile.parse(production))}\n`);
}

/** @throws {BadFileError} on a file that is missing or damaged. */
export function readProduction(path: string): ProductionFile {
  return readJson(path, ProductionFile, "not what --metrics learned from production");
}

/** Where a run keeps it. */
export function productionPath(runs: string, id: string): string {
  return join(runs, id, "production.json");
}
