import { z } from "zod";
import { checkedJson, readJson } from "../json-file.ts";
import { Architecture } from "./architecture.ts";
import { Reference } from "./drift.ts";

/**
 * What the search hands to the server: `models/<name>/manifest.json`.
 *
 * `model.onnx` takes `ids` int32 [batch, tokens] and `mask` float32 [batch, tokens] (1 text, 0 padding) and gives
 * `pooled` float32 [batch, hidden] and, for each task over single texts, `logits_<task>` float32 [batch, labels].
 * A task over pairs has a small graph of its own, `pair_<task>.onnx`: `source` and `target` float32 [batch, hidden]
 * (pooled vectors of the two texts) and `surface` float32 [batch, surfaceWidth] (what they look like: `src/pairs`; graphs of earlier
 * students take none) to `logits_<task>` float32 [batch, labels]. Tasks over single texts that were learned on the finished encoder share
 * `heads.onnx`: `pooled` float32 [batch, hidden] to `logits_<task>` of each.
 */
const FileName = z.string().regex(/^[a-z0-9][a-z0-9._-]*$/i, "a plain file name");
const Share = z.number().min(0).max(1);

export const TaskName = z
  .string()
  .max(64)
  .regex(/^[a-z][a-z0-9-]*$/, "lower-case letters, digits and dashes, a letter first");
export const TaskInput = z.enum(["text", "pair"]);
const Metric = z.enum(["macroF1", "accuracy", "pearson"]);

/** Marks a task that a data folder declared; a server needs no code for it. `pearson`: logits are a score, else labels. */
export const Declared = z.strictObject({ metric: Metric });

export const ManifestTask = z.strictObject({
  name: TaskName,
  input: TaskInput,
  labels: z.array(z.string().min(1)).min(2),
  /** Graph file that holds the head: `model.onnx`, `heads.onnx` or `pair_<task>.onnx`. */
  file: FileName,
  /** Divides the logits before the softmax; fitted on validation data. */
  temperature: z.number().positive(),
  /** Probability of the last label from which on it is given (two-label tasks). */
  threshold: Share.optional(),
  /** The same for texts in a language where validation data gave it another; the language is the student's own guess. */
  languageThresholds: z.record(z.string(), Share).optional(),
  /** Data sets that temperature and thresholds were fitted on. @default those that it has scores of */
  fittedOn: z.array(z.string()).optional(),
  /** Languages seen in training, ISO 639-1 (639-3 where there is none). */
  languages: z.array(z.string()),
  /** Left out for tasks that are built in. */
  declared: Declared.optional(),
  /** What the texts that it was judged on are like; drift is measured against it, and is not where there is none. */
  reference: Reference.optional(),
});
export type ManifestTask = Readonly<z.infer<typeof ManifestTask>>;

/**
 * Character n-grams that a student reads beside its pieces (`src/ngrams`). The graph takes `ids` int32 and `mask` float32
 * [batch, n-grams] and gives `logits_<task>` for these tasks over single texts: they are added to the encoder's, times their weight.
 */
export const Ngrams = z.strictObject({
  file: FileName,
  tasks: z.array(z.strictObject({ task: TaskName, weight: z.number().nonnegative() })).min(1),
  rows: z.int().min(2),
  longest: z.int().positive(),
  most: z.int().positive(),
});
export type Ngrams = Readonly<z.infer<typeof Ngrams>>;

export const Score = z.strictObject({
  task: z.string(),
  dataSet: z.string(),
  /** Language code, or `all`. */
  language: z.string(),
  metric: Metric,
  rows: z.int().positive(),
  student: z.number(),
  /** The fine-tuned teacher's score on the same rows; null where it was not measured. */
  teacher: z.number().nullable(),
});
export type Score = Readonly<z.infer<typeof Score>>;

export const Latency = z.strictObject({
  cpu: z.string(),
  threads: z.int().positive(),
  runtime: z.string(),
  lengths: z
    .array(z.strictObject({ tokens: z.int().positive(), p50Ms: z.number().positive(), p95Ms: z.number().positive() }))
    .min(1),
  /** When it was measured. @default when the manifest was created */
  measured: z.iso.datetime().optional(),
});
export type Latency = Readonly<z.infer<typeof Latency>>;

/**
 * From which confidence on this student's answers may stand in for those of a larger one: above it both are right equally
 * often on validation data. Holds for this version of the larger student only.
 */
export const Cascade = z.strictObject({
  to: z.strictObject({ name: z.string(), version: z.string() }),
  tasks: z.array(
    z.strictObject({
      task: TaskName,
      /** For languages that are not listed. At 1 nothing stands in. */
      threshold: Share,
      languages: z.record(z.string(), Share),
      /** What the thresholds do on rows that they were not fitted on. */
      kept: Share,
      accuracy: Share,
      largeAccuracy: Share,
      rows: z.int().positive(),
    }),
  ),
});
export type Cascade = Readonly<z.infer<typeof Cascade>>;

/**
 * Faster students that answer along with this one: the logits of all, each times its weight, are added (a logarithmic opinion
 * pool, Heskes 1998). Holds for these versions only: where one of them is missing, the student answers alone.
 */
export const Ensemble = z
  .strictObject({
    members: z.array(z.strictObject({ name: z.string(), version: z.string() })).min(1),
    /** Others are answered alone. */
    tasks: z.array(
      z.strictObject({
        task: TaskName,
        /** Of this student's logits, then of each member's; the softmax of their sum is calibrated as it is. */
        weights: z.array(z.number().nonnegative()).min(2),
        threshold: Share.optional(),
        languageThresholds: z.record(z.string(), Share).optional(),
        reference: Reference.optional(),
      }),
    ),
    /** Of all together, in place of those of the student alone. */
    scores: z.array(Score),
    latency: Latency,
  })
  .refine(
    ({ members, tasks }) =>
      tasks.every(({ weights }) => weights.length === members.length + 1 && weights.some((w) => w > 0)),
    { path: ["tasks"], message: "a task has other than a weight for the student and for each member, or none above 0" },
  );
export type Ensemble = Readonly<z.infer<typeof Ensemble>>;

/** Raised when an older server could not read what is written. */
export const manifestFormat = 1;

export const Manifest = z.strictObject({
  format: z.literal(manifestFormat),
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/),
  /** First 12 hex digits of the hash over all file hashes. */
  version: z.string().regex(/^[0-9a-f]{12}$/),
  architecture: Architecture,
  maxTokens: z.int().positive(),
  tasks: z.array(ManifestTask).min(1),
  ngrams: Ngrams.optional(),
  files: z.record(FileName, z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.int().positive() })),
  scores: z.array(Score),
  latency: Latency,
  parameters: z.int().positive(),
  bytes: z.int().positive(),
  seed: z.int(),
  dataSets: z.array(z.strictObject({ name: z.string(), licence: z.string(), source: z.string() })),
  searchId: z.string(),
  created: z.iso.datetime(),
  cascade: Cascade.optional(),
  ensemble: Ensemble.optional(),
});
export type Manifest = Readonly<z.infer<typeof Manifest>>;

const unusable = "not a usable manifest";

/** Reads and checks a manifest. @throws {BadFileError} with the path and the first thing that is wrong. */
export function readManifest(path: string): Manifest {
  return readJson(path, Manifest, unusable);
}

/** Checks a manifest's text; the path is for the message. @throws {BadFileError} */
export function toManifest(path: string, text: string): Manifest {
  return checkedJson(path, text, Manifest, unusable);
}
