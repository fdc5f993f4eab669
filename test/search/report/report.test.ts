import { describe, expect, test } from "vitest";
import { reportHtml } from "../../../search/report/report.ts";
import type { ReportData } from "../../../search/report/report-data.ts";
import { createSpace, sampleArchitecture } from "../../../search/space/space.ts";
import type { Manifest, Score } from "../../../src/contract/manifest.ts";
import { createRandom } from "../../../src/random.ts";
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

  test("warns of a p95 above the budget", () => {
    expect(textOf(reportHtml(whole))).toContain("p95 2.50 ms – above the budget");
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
