import { describe, expect, test } from "vitest";
import { chosenStudents } from "../../../search/report/chosen-students.ts";
import { productionSection } from "../../../search/report/production-section.ts";
import { reportHtml } from "../../../search/report/report.ts";
import type { FinishedStudent, ReportData } from "../../../search/report/report-data.ts";
import { headline } from "../../../search/report/summary.ts";
import { calibrate } from "../../../search/reward/production/calibrate.ts";
import { toProductionFile } from "../../../search/reward/production/production-file.ts";
import { bestPerBudget } from "../../../search/reward/reward.ts";
import { createSpace, sampleArchitecture } from "../../../search/space/space.ts";
import { architectureName } from "../../../src/contract/architecture.ts";
import type { Manifest, Score } from "../../../src/contract/manifest.ts";
import { must } from "../../../src/invariant.ts";
import { createRandom } from "../../../src/random.ts";
import { options, trials as servedTrials, trafficOf } from "../reward/production/served-world.ts";
import { failedTrial, syntheticTrial } from "../synthetic-trials.ts";

const random = createRandom(3);
const architectures = Array.from({ length: 6 }, () => sampleArchitecture(createSpace(1000), random));
const trials = architectures.map((architecture, i) => syntheticTrial(architecture, Math.floor(i / 2)));
const empty: ReportData = {
  searchId: "tiny",
  created: "2026-01-02T03:04:05.000Z",
  settings: { seed: 7, budgetsMs: [0.1, 2], effort: { trialTokens: 160_000 }, dataSets: ["a & b", "c"] },
  budgetsMs: [0.1, 2],
  trials: [],
  students: [],
  calibration: [],
  production: null,
};
const whole: ReportData = { ...empty, trials, students: [{ manifest: manifest(), isServed: true }] };

function manifest(scores: readonly Score[] = ["de", "en", "fr", "th"].map((language) => scored(language))): Manifest {
  return {
    format: 1,
    name: "budget-2ms",
    version: "0123456789ab",
    architecture: architectures[0] as Manifest["architecture"],
    maxTokens: 128,
    tasks: [],
    files: {},
    scores: [...scores],
    latency: { cpu: "a", runtime: "b", threads: 1, lengths: [{ tokens: 32, p50Ms: 1.25, p95Ms: 2.5 }] },
    parameters: 1_234_567,
    bytes: 39_500_000,
    seed: 7,
    dataSets: [],
    searchId: "tiny",
    created: "2026-01-02T04:04:05.000Z",
  };
}

function scored(language: string, teacher: number | null = 0.8): Score {
  return { task: "sentiment", dataSet: "tweets", language, metric: "macroF1", rows: 10, student: 0.6, teacher };
}

/** What a reader sees. */
function textOf(html: string): string {
  return html
    .replaceAll(/<style>.*?<\/style>/gs, "")
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll(/\s+/g, " ");
}

describe("reportHtml()", () => {
  test("begins with what was found and what it cost", () => {
    const [, title] = reportHtml(whole).match(/<h1>(.*?)<\/h1>/) ?? [];
    expect(title).toBe("1.25 ms for 75.0 % of the teacher: found in 6 trials, 3s of distilling.");
  });

  test("says what the trials promise while no student is finished", () => {
    const [, title] = reportHtml({ ...whole, students: [] }).match(/<h1>(.*?)<\/h1>/) ?? [];
    expect(title).toMatch(/ms for \d+ % of the teacher explained \(budget [^)]*2 ms\): best of 6 trials/);
  });

  test("is whole with no trial, with one, and with only failed ones", () => {
    const [architecture] = architectures as [Manifest["architecture"]];
    for (const some of [[], [syntheticTrial(architecture)], [failedTrial(architecture)]]) {
      const html = reportHtml({ ...empty, trials: some });
      expect(html).toContain("</html>");
      expect(html).not.toMatch(/NaN|Infinity|undefined|null/);
    }
  });

  test("needs nothing else: no script, no address of another file", () => {
    expect(reportHtml(whole)).not.toMatch(/<script|<link|<img|https?:|url\(|@import/);
  });

  test("holds no number that is none, whatever is missing", () => {
    for (const data of [whole, { ...whole, students: [{ manifest: manifest([]), isServed: false }] }]) {
      expect(reportHtml(data)).not.toMatch(/NaN|Infinity|undefined|null/);
    }
  });

  test("has a chart with a name for screen readers for each budget, the front, the latency and each task", () => {
    const names = [...reportHtml(whole).matchAll(/<svg [^>]*role="img" aria-label="([^"]+)"/g)].map(([, name]) => name);
    expect(names.filter((name) => /^Reward under/.test(name as string))).toHaveLength(2);
    for (const part of [/the front holds/, /^Predicted and measured/, /^sentiment: mean scores/, /^layers: /]) {
      expect(names.some((name) => part.test(name as string))).toBe(true);
    }
  });

  test("warns of a p95 above the budget, unless that is of production's texts", () => {
    expect(textOf(reportHtml(whole))).toContain("p95 2.50 ms – above the budget");
    const aimed = { ...whole, settings: { ...whole.settings, production: "0f".repeat(32) } };
    expect(textOf(reportHtml(aimed))).not.toContain("above the budget");
  });

  test("judges a task by its data sets, and by its suites of cases only where it has no others", () => {
    const suite = { ...scored("en", null), dataSet: "kdnas_sentiment_suite", student: 0.1 };
    const titleOf = (...scores: Score[]) =>
      headline({ ...whole, students: [{ manifest: manifest(scores), isServed: true }] });
    expect(titleOf(scored("de"), suite)).toContain("for 75.0 % of the teacher");
    expect(titleOf(suite)).toContain("for a mean score of 10.0");
  });

  test("has one student of a name, though further trials changed who wins its budget", () => {
    const one = must(whole.students[0]);
    const two = { ...whole, students: [one, { ...one, isServed: false }] };
    expect(reportHtml(two)).toBe(reportHtml(whole));
  });

  test("shows every language beside the teacher, and says so when the teacher is missing", () => {
    expect(textOf(reportHtml(whole))).toContain("th 60.0 80.0");
    const alone = { ...whole, students: [{ manifest: manifest([scored("en", null)]), isServed: false }] };
    expect(textOf(reportHtml(alone))).toContain("The teacher was not scored");
  });

  test("lists failed trials with their reason, and settings as text", () => {
    const failed = failedTrial(architectures[1] as Manifest["architecture"]);
    const text = reportHtml({ ...whole, trials: [...trials, { ...failed, reason: "loss < 0 & more" }] });
    expect(text).toContain("failed: loss &lt; 0 &amp; more");
    expect(text).toContain("a &amp; b, c");
    expect(text).toContain("effort.trialTokens");
  });
});

test("chosenStudents() takes the served one of a name, else that of the winning architecture, else the newest", () => {
  const winner = must(must(bestPerBudget(trials, [2])[0]).trial).architecture;
  const loser = must(architectures.find((a) => architectureName(a) !== architectureName(winner)));
  const student = (architecture: Manifest["architecture"], day: number): FinishedStudent => ({
    manifest: { ...manifest(), architecture, created: `2026-01-0${day}T00:00:00.000Z` },
    isServed: false,
  });
  const chosen = (...students: FinishedStudent[]) => chosenStudents({ ...whole, students });
  const [won, lost, lostLater] = [student(winner, 2), student(loser, 3), student(loser, 4)];
  expect(chosen(lost, won)).toEqual([won]);
  expect(chosen({ ...lost, isServed: true }, won)).toEqual([{ ...lost, isServed: true }]);
  expect(chosen(lost, lostLater)).toEqual([lostLater]);
  const other = { ...lost, manifest: { ...lost.manifest, name: "tickets-2ms" } };
  expect(chosen(other, lost, won)).toEqual([other, won]);
});

test("productionSection() says the same of trials that were searched for production's traffic", async () => {
  const production = toProductionFile(calibrate(await trafficOf([{ fast: 3 }]), options), new Date(0));
  const aimed = servedTrials.map((trial) => ({ ...trial, latencyMs: 3 * trial.latencyMs }));
  const sectionOf = (some: typeof servedTrials) => productionSection({ ...empty, trials: some }, production);
  expect(sectionOf(aimed)).toBe(sectionOf(servedTrials));
});
