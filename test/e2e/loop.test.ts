import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type JournalContent, readJournal } from "../../search/explore/journal.ts";
import { readConfig } from "../../serve/config.ts";
import { createLog } from "../../serve/log.ts";
import { startServer } from "../../serve/server.ts";
import { architectureName } from "../../src/contract/architecture.ts";
import { type Manifest, readManifest } from "../../src/contract/manifest.ts";
import { tasks } from "../../src/tasks/index.ts";
import { writeTinyTeacher } from "../fixtures/tiny-teacher.ts";
import { type Running, start, untilWritten } from "./command-line.ts";
import { outcomeOf } from "./outcome.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-loop-"));
const teacher = join(root, "teacher");
beforeAll(() => {
  writeTinyTeacher(teacher, { kind: "xlm-roberta", layers: 2, hidden: 64, heads: 2, ffn: 128, positions: 256 });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A search of the smallest effort; one thread, so that its sums are the same each time. */
function search(home: string, ...args: string[]): Running {
  const folders = ["--runs", join(root, home, "runs"), "--models", join(root, home, "models")];
  return start("search/main.ts", ["--preset", "smoke", "--threads", "1", "--teacher", teacher, ...folders, ...args]);
}

const journalOf = (home: string): JournalContent =>
  readJournal(join(root, home, "runs", "smoke-seed1", "journal.jsonl"));
const manifestOf = (home: string, name: string): Manifest =>
  readManifest(join(root, home, "models", name, "manifest.json"));

/** What the search timed for a student's architecture. */
function triedMs(home: string, { architecture }: Manifest): number {
  const name = architectureName(architecture);
  const trial = journalOf(home).trials.find((one) => architectureName(one.architecture) === name);
  return trial?.status === "ok" ? trial.latencyMs : Number.NaN;
}

describe("the loop", () => {
  const budgets = ["--budgets", "0.08,5"];

  test("search/main.ts makes students, startServer() serves them, and --metrics reads what it saw", async () => {
    const found = search("loop", ...budgets);
    expect(await found.ended, found.stderr()).toBe(0);
    expect(found.stdout()).toMatch(/tokens\/s · .* left/);
    const students = readdirSync(join(root, "loop", "models")).sort();
    // Tens of microseconds: on a busy machine no student may meet that budget, on a fast one the best may.
    const [small, large] = ["budget-0.08ms", "budget-5ms"].map((name) => students.includes(name));
    if (small) expect(triedMs("loop", manifestOf("loop", "budget-0.08ms"))).toBeLessThanOrEqual(0.08);
    else expect(found.stdout()).toContain("0.08 ms · no trial meets this budget");
    if (!large) expect(found.stdout()).toContain("5 ms · no trial is better than the student of 0.08 ms");
    expect(students.length).toBe(Number(small) + Number(large));
    expect(students.length).toBeGreaterThan(0);

    const config = { ...readConfig([], {}), port: 0, models: join(root, "loop", "models"), workers: 1 };
    const server = await startServer(config, createLog(process.stderr, "error"));
    try {
      await server.loaded;
      expect(server.app.registry.students().map(({ manifest }) => manifest.name)).toEqual(students);
      for (const { name, input, route } of tasks)
        for (const student of students) await ask(`${server.url}/v1/${route ?? name}`, input, student);
      const metrics = await fetch(`${server.url}/metrics`);
      expect(await metrics.text()).toContain(`kdnas_texts_total{task="sentiment",student="${students.at(-1)}"} 60`);

      const fitted = search("loop", ...budgets, "--metrics", `${server.url}/metrics`);
      expect(await fitted.ended, fitted.stderr()).toBe(0);
      expect(fitted.stdout()).toMatch(/^Production: \d+\.\d tokens a text/);
      for (const student of students) {
        const [, texts] =
          new RegExp(`^${student} +\\S+ +(\\d+)( +[\\d.e-]+){4} +[\\d.]+ %$`, "m").exec(fitted.stdout()) ?? [];
        // A member of the other one's ensemble has answered its texts as well.
        expect(Number(texts)).toBeGreaterThanOrEqual(300);
      }
      expect(fitted.stdout()).toMatch(/^budget ms +best before +best after/m);
      await searchAgain();
    } finally {
      await server.drain(0);
    }
  }, 240_000);
});

/** A search whose budgets are of what the first one's students served: it learns from its trials as production sees them. */
async function searchAgain(): Promise<void> {
  const first = join(root, "loop", "runs", "smoke-seed1");
  const aimed = [
    "--production",
    join(first, "production.json"),
    "--warm-start",
    first,
    "--id",
    "again",
    "--budgets",
    "5",
  ];
  const again = search("loop", ...aimed, "--controller", "bayesian", "--trials", "1", "--promote", "never");
  expect(await again.ended, again.stderr()).toBe(0);
  expect(again.stdout()).toContain("production · budgets are of a text of ");
  const { header, trials } = readJournal(join(root, "loop", "runs", "again", "journal.jsonl"));
  expect(header.settings.production).toMatch(/^[0-9a-f]{64}$/);
  for (const trial of trials)
    if (trial.status === "ok")
      expect(trial.latencyMs).not.toBe(trial.latency.find(({ tokens }) => tokens === 32)?.p50Ms);
  expect(readFileSync(join(first, "report.html"), "utf8")).toContain("In production");
}

/** Sixty inputs to a student, over HTTP; each gets a result with a label. */
async function ask(url: string, input: "text" | "pair", student: string): Promise<void> {
  const text = (i: number) => `the movie ${i} was ${i % 2 === 0 ? "great" : "awful and very bad"}`;
  const inputs = Array.from({ length: 60 }, (_, i) =>
    input === "text" ? text(i) : { source: text(i), target: text(i + 1) },
  );
  const reply = await fetch(url, { method: "POST", body: JSON.stringify({ inputs, student }) });
  expect(reply.status).toBe(200);
  const { results } = (await reply.json()) as { results: { label: string }[] };
  expect(results).toHaveLength(60);
  for (const { label } of results) expect(label).toBeTypeOf("string");
}

describe("a search that is cut off", () => {
  // What the other controllers propose depends on measured times, which no two runs share.
  const same = ["--controller", "random", "--budgets", "5"];

  test("search/main.ts resumes after Ctrl-C and after kill -9, and ends as an unbroken run does", async () => {
    const unbroken = search("unbroken", ...same);
    expect(await unbroken.ended, unbroken.stderr()).toBe(0);

    const stopped = search("broken", ...same);
    await untilWritten(stopped, "trial 1 of 3");
    stopped.child.kill("SIGINT");
    const asked = performance.now();
    expect(await stopped.ended).not.toBe(0);
    expect(performance.now() - asked).toBeLessThan(2000);
    expect(journalOf("broken").trials).toHaveLength(1);

    const killed = search("broken", ...same);
    await untilWritten(killed, "1 trials taken up");
    const afterMs = 8000 * Math.random();
    await Promise.race([killed.ended, new Promise((resolve) => setTimeout(resolve, afterMs))]);
    killed.child.kill("SIGKILL");
    await killed.ended;

    const resumed = search("broken", ...same);
    expect(await resumed.ended, resumed.stderr()).toBe(0);
    expect(whatCameOut("broken"), `killed after ${afterMs.toFixed(0)} ms`).toEqual(whatCameOut("unbroken"));
    expect(existsSync(join(root, "broken", "models", ".budget-5ms.old"))).toBe(false);
  }, 180_000);
});

const whatCameOut = (home: string) => outcomeOf(join(root, home), "smoke-seed1", "budget-5ms");
