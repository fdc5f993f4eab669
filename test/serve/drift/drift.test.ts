import { expect, test } from "vitest";
import { createDrift } from "../../../serve/drift/drift.ts";
import { createStudent } from "../../../serve/students/student.ts";
import { driftThresholds, leastDriftSamples, type Reference } from "../../../src/contract/drift.ts";
import { must } from "../../../src/invariant.ts";
import { tinyManifest } from "../../fixtures/tiny-student.ts";

const reference: Reference = {
  length: { "8": 500, "16": 500 },
  language: { en: 800, de: 200 },
  score: { "positive 0.9": 500, "negative 0.9": 500 },
  unknown: { "0": 1000 },
};

function studentOf(id: string, of = reference) {
  const manifest = tinyManifest({ name: id });
  const tasks = manifest.tasks.map((task) => (task.name === "sentiment" ? { ...task, reference: of } : task));
  return createStudent(id, { ...manifest, tasks }, 128);
}

function driftAt(windowMs = 60_000, references = new Map<string, Reference>()) {
  const clock = { ms: 0 };
  return { clock, drift: createDrift({ windowMs, references, now: () => clock.ms }) };
}

const seen = (i: number, tokens = i % 2 ? 8 : 16) => ({
  tokens,
  unknown: 0,
  result: { label: i % 2 ? "positive" : "negative", score: 0.8, scores: {} },
});
type Drift = ReturnType<typeof createDrift>;
const featureOf = (drift: Drift, feature: string) =>
  must(drift.report().find((one) => one.task === "sentiment" && one.feature === feature));
const answers = (drift: Drift, student: ReturnType<typeof studentOf>, count: number, of = (i: number) => seen(i)) => {
  for (let i = 0; i < count; i++) drift.answered(student, "sentiment", of(i));
};

test("report() has no score while there are few samples, then one near 0 for traffic like the reference", () => {
  const { drift } = driftAt();
  const student = studentOf("a");
  answers(drift, student, leastDriftSamples - 1);
  expect(featureOf(drift, "length")).toMatchObject({ samples: leastDriftSamples - 1, score: Number.NaN });
  answers(drift, student, 1);
  for (const feature of ["length", "score", "unknown"] as const)
    expect(featureOf(drift, feature).score).toBeLessThan(driftThresholds[feature] / 2);
});

test("report() tells longer texts, other answers and unknown pieces apart, each in its feature", () => {
  const { drift } = driftAt();
  const odd = { tokens: 100, unknown: 50, result: { label: "neutral", score: 0.4, scores: {} } };
  answers(drift, studentOf("a"), leastDriftSamples, () => odd);
  for (const feature of ["length", "score", "unknown"]) expect(featureOf(drift, feature).score).toBeGreaterThan(0.9);
  expect(featureOf(drift, "language")).toMatchObject({ samples: 0, score: Number.NaN });
});

test("languageSeen() counts the languages of a task's texts", () => {
  const { drift } = driftAt();
  const student = studentOf("a");
  answers(drift, student, 1);
  const labels = must(student.tasks.get("language")).entry.labels;
  for (let i = 0; i < leastDriftSamples; i++) drift.languageSeen("a", "sentiment", labels.indexOf("ja"));
  expect(featureOf(drift, "language").score).toBeGreaterThan(0.9);
  expect(featureOf(drift, "language").seen).toEqual({ ja: leastDriftSamples });
});

test("report() forgets what is older than the window, and students with it", () => {
  const { drift, clock } = driftAt(60_000);
  answers(drift, studentOf("a"), leastDriftSamples);
  clock.ms = 59_000;
  expect(featureOf(drift, "length").samples).toBe(leastDriftSamples);
  clock.ms = 71_000;
  expect(drift.report()).toEqual([]);
});

test("answered() forgets students that were replaced too, where nobody asks for a report", () => {
  const { drift, clock } = driftAt(60_000);
  answers(drift, studentOf("a"), 1);
  clock.ms = 71_000;
  answers(drift, studentOf("b"), 1);
  expect([drift.asksLanguages("a"), drift.asksLanguages("b")]).toEqual([false, true]);
});

test("report() compares a mix of students with the mix of their references", () => {
  const { drift } = driftAt();
  const short: Reference = { length: { "4": 1000 } };
  const long: Reference = { length: { "512": 1000 } };
  answers(drift, studentOf("a", short), 300, () => seen(0, 4));
  answers(drift, studentOf("b", long), 300, () => seen(0, 512));
  expect(featureOf(drift, "length")).toMatchObject({ samples: 600, score: 0 });
  answers(drift, studentOf("b", long), 600, () => seen(0, 4));
  expect(featureOf(drift, "length").score).toBeGreaterThan(driftThresholds.length);
});

test("createDrift() measures nothing for students whose manifests have no reference, nor with a window of 0", () => {
  const { drift } = driftAt();
  answers(drift, createStudent("b", tinyManifest({ name: "b" }), 128), leastDriftSamples);
  expect(drift.report()).toEqual([]);
  const off = driftAt(0).drift;
  answers(off, studentOf("c"), leastDriftSamples);
  expect([off.report(), off.asksLanguages("c")]).toEqual([[], false]);
});

test("createDrift() compares with given references in place of the manifest's", () => {
  const { drift } = driftAt(60_000, new Map([["sentiment", { length: { "512": 1000 } }]]));
  answers(drift, studentOf("a"), leastDriftSamples);
  expect(drift.report().map(({ feature }) => feature)).toEqual(["length"]);
  expect(featureOf(drift, "length").score).toBeGreaterThan(0.9);
});

test("asksLanguages() takes one batch in four, ten a second at most, of students that can tell", () => {
  const { drift, clock } = driftAt();
  expect(drift.asksLanguages("a")).toBe(false);
  answers(drift, studentOf("a"), 1);
  const asked = (batches: number, eachMs: number) => {
    let count = 0;
    for (let i = 0; i < batches; i++) {
      clock.ms += eachMs;
      if (drift.asksLanguages("a")) count++;
    }
    return count;
  };
  expect(asked(400, 1000)).toBe(100);
  expect(asked(40_000, 0.1)).toBeLessThanOrEqual(41);
  const { language: _, ...mute } = reference;
  answers(drift, studentOf("mute", mute), 1);
  clock.ms += 1000;
  expect([1, 2, 3, 4].map(() => drift.asksLanguages("mute"))).toEqual([false, false, false, false]);
});
