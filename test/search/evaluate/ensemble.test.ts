import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limitValidation } from "../../../search/corpus/limit-validation.ts";
import { loadCorpus } from "../../../search/corpus/load.ts";
import { bestTeam, teamsWithin, type Voice } from "../../../search/evaluate/choose-ensemble.ts";
import { findStudents, measureStudent } from "../../../search/evaluate/subjects.ts";
import { headsFile } from "../../../src/contract/graph-files.ts";
import { type Manifest, type ManifestTask, readManifest } from "../../../src/contract/manifest.ts";
import { must } from "../../../src/invariant.ts";
import { start } from "../../e2e/command-line.ts";
import { declaredTask, type TinyStudent, writeTinyStudent } from "../../fixtures/tiny-student.ts";

describe("teamsWithin()", () => {
  const labels = ["negative", "neutral", "positive"];
  const codes = ["aa", "bb", "cc"];
  const truths = Array.from({ length: 60 }, (_, i) => i % 3);
  const entry: ManifestTask = {
    ...{ name: "sentiment", input: "text", labels, file: "model.onnx", temperature: 1, languages: [] },
  };
  const set = {
    task: "sentiment",
    dataSet: "some",
    language: "en",
    rows: truths.map((truth, i) => ({ language: "en", label: String(truth), text: `text ${i}` })),
  };
  /** Right where it knows, and sure of it; elsewhere it takes one label for the next, not so sure. */
  const voice = (name: string, ms: number, knows: (row: number) => boolean): Voice => {
    const logits = truths.map((truth, i) =>
      Float32Array.from(labels, (_, label) => {
        if (knows(i)) return label === truth ? 4 : 0;
        return label === (truth + 1) % 3 ? 1 : 0;
      }),
    );
    return { name, ms, tasks: [entry], results: [{ set, logits }] };
  };
  const slow = voice("slow", 1, (i) => i < 40);
  const help = voice("help", 0.1, (i) => i >= 30);
  const echo = voice("echo", 0.2, (i) => i < 20);

  /** The same about languages. */
  const inLanguages = ({ results, ...own }: Voice): Voice => {
    const rows = truths.map((truth, i) => ({ language: "en", label: must(codes[truth]), text: `text ${i}` }));
    return {
      ...own,
      tasks: [{ ...entry, name: "language", labels: codes }],
      results: results.map((one) => ({ ...one, set: { ...set, task: "language", rows } })),
    };
  };

  test("lets a member count more than the student in what any part of a text tells, and there only", () => {
    const [weak, strong] = [voice("weak", 1, (i) => i < 25), voice("strong", 0.1, (i) => i >= 20)];
    const weightsIn = (task: string, voices: readonly [Voice, Voice]) =>
      must(bestTeam(teamsWithin(voices[0], [voices[1]], 9)).weights.get(task)) as [number, number];
    const [own, other] = weightsIn("sentiment", [weak, strong]);
    expect(own).toBeGreaterThan(other);
    const [less, more] = weightsIn("language", [inLanguages(weak), inLanguages(strong)]);
    expect(less).toBeLessThan(more);
  });

  test("puts together what keeps the budget, the student alone first", () => {
    const names = (budget: number) =>
      teamsWithin(slow, [help, echo], budget).map(({ members }) => members.map(({ name }) => name).join("+"));
    expect(names(9)).toEqual(["slow", "slow+help", "slow+echo", "slow+help+echo"]);
    expect(names(1.15)).toEqual(["slow", "slow+help"]);
    expect(names(0.5)).toEqual(["slow"]);
  });

  test("joins what voices said to the same set, however many sets each has and in whatever order", () => {
    const tasks = [{ ...entry, name: "mood" }, entry];
    const moods = echo.results.map((one) => ({ ...one, set: { ...set, task: "mood" } }));
    const busy: Voice = { ...help, tasks, results: [...moods, ...help.results] };
    const [, plain] = teamsWithin(slow, [help], 9);
    const [, joined] = teamsWithin(slow, [busy], 9);
    expect(joined?.scores).toEqual(plain?.scores);
    expect([...must(joined).weights]).toEqual([...must(plain).weights]);
  });

  test("bestTeam() takes nobody for the sake of tasks that were added to a finished encoder", () => {
    const added: ManifestTask = { ...entry, name: "mood", file: headsFile, declared: { metric: "macroF1" } };
    const withMood = (own: Voice, mood: Voice): Voice => ({
      ...own,
      tasks: [entry, added],
      results: [...own.results, ...mood.results.map((one) => ({ ...one, set: { ...set, task: "mood" } }))],
    });
    const [student, member] = [withMood(slow, slow), withMood(echo, help)];
    const [alone, together] = teamsWithin(student, [member], 9);
    expect(together?.scores.get("mood")).toBeGreaterThan(must(alone?.scores.get("mood")));
    expect(bestTeam([must(alone), must(together)]).members).toEqual([student]);
  });

  test("bestTeam() takes those who know what the others do not, and nobody who adds nothing", () => {
    const best = bestTeam(teamsWithin(slow, [help, echo], 9));
    expect(best.members).toEqual([slow, help]);
    expect(best.scores.get("sentiment")).toBeCloseTo(1);
    const [own, other] = must(best.weights.get("sentiment")) as [number, number];
    expect(own).toBeGreaterThan(other);
    const alone = bestTeam(teamsWithin(slow, [echo], 9));
    expect(alone.members).toEqual([slow]);
    expect([...alone.weights]).toEqual([]);
  });
});

describe("npm run ensemble", () => {
  const models = mkdtempSync(join(tmpdir(), "kdnas-ensemble-"));
  const students: readonly TinyStudent[] = [
    { name: "budget-0.1ms", layers: 0, seed: 5, latencyMs: [0.05, 0.05, 0.05] },
    { name: "budget-1ms", layers: 1, seed: 25, latencyMs: [0.5, 0.5, 0.5] },
    { name: "budget-0.52ms", layers: 1, seed: 25, latencyMs: [0.51, 0.51, 0.51] },
    { name: "other", layers: 1, seed: 6, latencyMs: [0.6, 0.6, 0.6] },
  ];
  let output: string;
  beforeAll(async () => {
    for (const student of students) writeTinyStudent(join(models, student.name), student);
    const running = start("search/evaluate/ensemble-main.ts", [
      "--models",
      models,
      "--threads",
      "1",
      "--rows",
      "60",
      "--write",
    ]);
    expect(await running.ended, running.stderr()).toBe(0);
    output = running.stdout() + running.stderr();
  }, 120_000);
  afterAll(() => rmSync(models, { recursive: true, force: true }));
  const read = (name: string): Manifest => readManifest(join(models, name, "manifest.json"));

  test("refuses to write what data say that do not judge all that a student answers", async () => {
    const own = mkdtempSync(join(tmpdir(), "kdnas-ensemble-own-"));
    const student = { name: "budget-1ms", layers: 0, declared: [declaredTask("mood", "text", ["low", "high"])] };
    const before = writeTinyStudent(join(own, "budget-1ms"), student);
    const running = start("search/evaluate/ensemble-main.ts", ["--models", own, "--write"]);
    expect(await running.ended).toBe(2);
    expect(running.stderr()).toContain("budget-1ms answers mood, which these data do not judge: --data");
    expect(readManifest(join(own, "budget-1ms", "manifest.json"))).toEqual(before);
    rmSync(own, { recursive: true });
  }, 120_000);

  test("writes ensembles that keep budgets, with the sum of the latencies", () => {
    const { ensemble } = read("budget-1ms");
    expect(ensemble?.members).toEqual([{ name: "budget-0.1ms", version: read("budget-0.1ms").version }]);
    expect(ensemble?.latency.lengths.map(({ p50Ms }) => p50Ms)).toEqual([0.55, 0.55, 0.55]);
    expect(ensemble?.tasks.length).toBeGreaterThan(0);
    expect(readFileSync(join(models, "budget-1ms", "card.md"), "utf8")).toContain("budget-0.1ms");
    expect(read("budget-0.52ms").ensemble).toBeUndefined();
    expect(output).toMatch(/other answers alone: its name says no budget/);
    expect(output).toMatch(/budget-0.1ms answers alone: no faster student/);
  });

  test("the scores are those that npm run evaluate measures", async () => {
    const corpus = limitValidation(await loadCorpus([], { seed: 1, tasks: "all" }), 60);
    const found = findStudents(models);
    const student = must(found.find(({ manifest }) => manifest.name === "budget-1ms"));
    const { scores } = await measureStudent(student, found, corpus, 1, () => {});
    expect(student.manifest.ensemble?.scores).toEqual(scores.map((score) => ({ ...score, teacher: null })));
  }, 120_000);
});
