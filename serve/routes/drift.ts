import { z } from "zod";
import { type Counts, driftFeatures, driftThresholds } from "../../src/contract/drift.ts";
import type { TaskDrift } from "../drift/drift.ts";
import { totalOf } from "../drift/pool.ts";
import { References, toReferences } from "../drift/references.ts";
import type { OperationRoute } from "./operations.ts";

/** Categories whose share changed most. */
const shownChanges = 5;

const Share = z.number().min(0).max(1);

const Report = z.strictObject({
  windowSeconds: z.number().describe("how far back the counts go"),
  drift: z.array(
    z.strictObject({
      task: z.string(),
      feature: z.enum(driftFeatures),
      samples: z.number().describe("inputs that were counted"),
      score: z
        .number()
        .min(0)
        .max(1)
        .nullable()
        .describe("Jensen-Shannon distance; null while there are too few samples"),
      threshold: z.number().describe("score from which on traffic is another than the reference"),
      changes: z
        .array(z.strictObject({ category: z.string(), expected: Share, seen: Share }))
        .describe("shares that differ most"),
    }),
  ),
});

const operations = { tag: "operations", failures: [] } as const;

export const driftRoutes: readonly OperationRoute[] = [
  {
    method: "GET",
    path: "/admin/drift",
    scope: "admin",
    describe: {
      ...operations,
      summary: "How far recent texts and answers are from those that the students were judged on, and what differs",
      responses: { 200: Report },
    },
    answer:
      ({ config, drift }) =>
      (_req, res) =>
        void res.json({ windowSeconds: config.driftWindowSeconds, drift: drift.report().map(describe) }),
  },
  {
    method: "GET",
    path: "/admin/drift/reference",
    scope: "admin",
    describe: {
      ...operations,
      summary:
        "Recent traffic as a reference: kept as a file, KDNAS_DRIFT_REFERENCE makes later traffic be compared with it",
      responses: { 200: References },
    },
    answer: (app) => (_req, res) => void res.json(toReferences(app.drift.report())),
  },
];

function describe({
  task,
  feature,
  samples,
  score,
  seen,
  expected,
}: TaskDrift): z.infer<typeof Report>["drift"][number] {
  return {
    task,
    feature,
    samples,
    score: Number.isNaN(score) ? null : score,
    threshold: driftThresholds[feature],
    changes: samples === 0 ? [] : changesOf(seen, expected),
  };
}

function changesOf(seen: Counts, expected: Counts) {
  const [seenTotal, expectedTotal] = [totalOf(seen), totalOf(expected)];
  return [...new Set([...Object.keys(seen), ...Object.keys(expected)])]
    .map((category) => ({
      category,
      expected: (expected[category] ?? 0) / expectedTotal,
      seen: (seen[category] ?? 0) / seenTotal,
    }))
    .sort((a, b) => Math.abs(b.seen - b.expected) - Math.abs(a.seen - a.expected))
    .slice(0, shownChanges);
}
