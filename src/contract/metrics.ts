/**
 * Names, labels and buckets of every metric that `serve` exposes and `search` reads back. Base units (seconds, tokens),
 * few labels. Buckets grow by about 1.5 so that a quantile read from them is off by at most a fifth.
 */
export const metricNames = {
  httpRequestSeconds: "kdnas_http_request_duration_seconds",
  stageSeconds: "kdnas_stage_duration_seconds",
  inputTokens: "kdnas_input_tokens",
  batchSize: "kdnas_batch_size",
  batchTokens: "kdnas_batch_tokens",
  studentTokens: "kdnas_student_tokens",
  studentBatchSize: "kdnas_student_batch_size",
  queueDepth: "kdnas_queue_depth",
  queueLimit: "kdnas_queue_limit",
  workers: "kdnas_workers",
  workersUp: "kdnas_workers_up",
  workersLost: "kdnas_workers_lost_total",
  requestsShed: "kdnas_requests_shed_total",
  budget: "kdnas_budget_total",
  texts: "kdnas_texts_total",
  cascade: "kdnas_cascade_total",
  cache: "kdnas_cache_total",
  studentInfo: "kdnas_student_info",
  machineInfo: "kdnas_machine_info",
  studentLoads: "kdnas_student_loads_total",
  studentVersionChanges: "kdnas_student_version_changes_total",
  studentLoadFailures: "kdnas_student_load_failures_total",
  studentsUnloadable: "kdnas_students_unloadable",
  feedback: "kdnas_feedback_total",
  predictionErrorRatio: "kdnas_latency_prediction_error_ratio",
  calibratedTimestamp: "kdnas_latency_calibrated_timestamp_seconds",
  driftScore: "kdnas_drift_score",
  driftSamples: "kdnas_drift_samples",
  driftThreshold: "kdnas_drift_threshold",
  /** Of candidates beside live students: `candidate` is a version, `stage` shadow or canary. */
  rolloutStage: "kdnas_rollout_stage",
  rolloutTexts: "kdnas_rollout_texts_total",
  rolloutFailures: "kdnas_rollout_failures_total",
  rolloutSkipped: "kdnas_rollout_skipped_total",
  rolloutAgreement: "kdnas_rollout_agreement_total",
  rolloutScoreDistance: "kdnas_rollout_score_distance",
  rolloutWorkSeconds: "kdnas_rollout_work_seconds",
  rolloutSuspended: "kdnas_rollout_suspended",
  rolloutFileRefused: "kdnas_rollout_file_refused",
} as const;

/**
 * Stages of a text's way. `queue` and `post` are what this text took; `tokenize` and `infer` are its share of its batch's
 * time, so that their sum is the time worked and their mean compares with the manifest's latency of one text.
 */
export const stages = ["tokenize", "queue", "infer", "post"] as const;
export type Stage = (typeof stages)[number];

/** From 10 µs (a static student's inference) to 10 s. */
export const secondsBuckets = [
  0.00001, 0.000025, 0.00005, 0.0001, 0.00015, 0.00025, 0.0004, 0.0006, 0.001, 0.0015, 0.0025, 0.004, 0.006, 0.01,
  0.015, 0.025, 0.04, 0.06, 0.1, 0.25, 0.5, 1, 2.5, 10,
] as const;

export const tokensBuckets = [4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512] as const;
export const batchSizeBuckets = [1, 2, 4, 8, 16, 32, 64, 128] as const;
export const batchTokensBuckets = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192] as const;

/** Whose work `kdnas_rollout_work_seconds` is, of texts of the same traffic. */
export const rolloutRoles = ["live", "candidate"] as const;
export type RolloutRole = (typeof rolloutRoles)[number];

export const agreementVerdicts = ["agree", "disagree"] as const;

/** Ten a decade from 10 µs to 10 s: a ratio of two quantiles is judged by them, so they are finer than those of stages. */
export const rolloutSecondsBuckets: readonly number[] = Array.from({ length: 61 }, (_, i) =>
  Number((10 ** (i / 10 - 5)).toPrecision(4)),
);
export const scoreDistanceBuckets = [0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1] as const;
