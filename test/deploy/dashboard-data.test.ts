import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { leastDriftSamples, type Reference } from "../../src/contract/drift.ts";
import { must } from "../../src/invariant.ts";
import { hasPrometheus, needsPrometheus, type Prometheus, scrape } from "../fixtures/real-prometheus.ts";
import { eventually, startTestServer, type TestServer } from "../fixtures/test-server.ts";
import { putBeside } from "../serve/rollout/candidate.ts";

/** Of a program that is none of ours, with the metrics that every process has. */
const foreignJob = "others";

/** Every panel of the dashboard is asked what Grafana would ask, of a real Prometheus that scrapes a real server with traffic, and more. */
const { panels, templating } = z
  .object({
    panels: z.array(
      z.object({
        type: z.string(),
        title: z.string(),
        targets: z.array(z.object({ refId: z.string(), expr: z.string(), instant: z.boolean() })).default([]),
      }),
    ),
    templating: z.object({
      list: z.array(
        z.object({ name: z.string(), definition: z.string().default(""), allValue: z.string().optional() }),
      ),
    }),
  })
  .parse(JSON.parse(readFileSync("deploy/grafana/kdnas.json", "utf8")));

/** Without a cascade, a failed load or a stopped rollout these have nothing to show; other queries of their panels have. */
const quiet = new Set(["Cache and cascade B", "Loads B"]);

const reference: Reference = {
  length: { "8": 1 },
  language: { en: 1 },
  score: { "positive 0.5": 1 },
  unknown: { "0": 1 },
};
const root = mkdtempSync(join(tmpdir(), "kdnas-dashboard-"));
let server: TestServer;
let prometheus: Prometheus;
const startedMs = Date.now();

describe.skipIf(!hasPrometheus)(`the dashboard on a real Prometheus${needsPrometheus}`, () => {
  beforeAll(async () => {
    const one = { name: "one", layers: 0, reference };
    server = await startTestServer([one], { feedback: join(root, "feedback"), cacheEntries: 100 });
    putBeside(server.models, { ...one, seed: 2 }, { stage: "shadow", share: 1 });
    prometheus = await scrape(server.url.replace("http://", ""), join(root, "prometheus"), foreignJob);
    // Languages are looked at in a batch of four, ten times a round at most, and drift is told from 500 of them on.
    for (let round = 0; round < 40; round++) {
      await use(round);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    await eventually(async () => {
      const { numbers } = await ask('min(kdnas_drift_samples{task="sentiment"})', true);
      expect(numbers[0]).toBeGreaterThanOrEqual(leastDriftSamples);
    }, 30_000);
  }, 240_000);
  afterAll(async () => {
    prometheus?.end();
    await server?.end();
    rmSync(root, { recursive: true, force: true });
  });

  const targets = panels.flatMap(({ title, targets }) => targets.map((target) => ({ title, ...target })));

  test.each(targets)("$title, query $refId, has numbers, and none of other jobs", async (target) => {
    const { title, refId, expr, instant } = target;
    const { numbers, jobs } = await ask(expr, instant);
    if (!quiet.has(`${title} ${refId}`)) expect(numbers.length).toBeGreaterThan(0);
    expect(jobs).not.toContain(foreignJob);
  });

  test("Servers up counts servers of kdnas alone", async () => {
    expect((await ask("sum(up)", true)).numbers).toEqual([2]);
    const { expr } = must(targets.find(({ title }) => title === "Servers up"));
    expect((await ask(expr, true)).numbers).toEqual([1]);
  });
});

/** Texts with and without a budget, the same one twice, and what users say of a reply. */
async function use(round: number): Promise<void> {
  const inputs = Array.from({ length: 120 }, (_, i) => `${round} good and bad ${"very ".repeat(i % 5)}`);
  const headers = { "x-request-id": `request-${round}` };
  const replies = [
    await server.post("/v1/sentiment", { inputs }, headers),
    await server.post("/v1/sentiment", { inputs: ["the same"] }, { "x-latency-budget-ms": "1000" }),
    await server.post("/v1/feedback", { reply: headers["x-request-id"], index: 0, label: "negative" }),
    await server.post("/v1/feedback", { reply: headers["x-request-id"], index: 1, label: "positive" }),
  ];
  for (const reply of replies) if (!reply.ok) throw new Error(`${reply.status}: ${await reply.text()}`);
}

const Answer = z.object({
  status: z.literal("success"),
  warnings: z.never().optional(),
  data: z.object({
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        values: z.array(z.tuple([z.number(), z.string()])).optional(),
        value: z.tuple([z.number(), z.string()]).optional(),
      }),
    ),
  }),
});

/** All variables chosen, as Grafana fills them in; its rate interval is four scrapes at least. @returns what a panel could draw, and of which jobs */
async function ask(expr: string, instant: boolean): Promise<{ numbers: number[]; jobs: (string | undefined)[] }> {
  let query = expr.replaceAll("$__rate_interval", "8s");
  for (const name of ["job", "instance"]) query = query.replaceAll(`$${name}`, await allOf(name));
  expect(query).not.toContain("$");
  const range = { query, start: String(startedMs / 1000), end: String(Date.now() / 1000), step: "1" };
  const parameters = new URLSearchParams(instant ? { query } : range);
  const response = await fetch(`${prometheus.url}/api/v1/${instant ? "query" : "query_range"}?${parameters}`);
  const { result } = Answer.parse(await response.json()).data;
  const values = result.flatMap(({ value, values = [] }) => (value === undefined ? values : [value, ...values]));
  return {
    numbers: values.map(([, text]) => Number(text)).filter(Number.isFinite),
    jobs: result.map(({ metric }) => metric.job),
  };
}

const LabelValues = z.object({ data: z.array(z.string()).min(1) });

/** What stands for all values of a variable: its `allValue`, else every value that there is. */
async function allOf(name: string): Promise<string> {
  const { definition, allValue } = must(templating.list.find((variable) => variable.name === name));
  if (allValue !== undefined) return allValue;
  const [, series = "", label = ""] = /^label_values\((\w+), (\w+)\)$/.exec(definition) ?? [];
  const parameters = new URLSearchParams({ "match[]": series });
  const response = await fetch(`${prometheus.url}/api/v1/label/${label}/values?${parameters}`);
  return `(${LabelValues.parse(await response.json()).data.join("|")})`;
}
