import { afterAll, beforeAll, expect, test } from "vitest";
import { metricNames } from "../../../src/contract/metrics.ts";
import { must } from "../../../src/invariant.ts";
import { eventually, seriesValue, startTestServer, type TestServer } from "../../fixtures/test-server.ts";

/** One worker, so that a text which holds it holds up all that comes after. */
let server: TestServer;
beforeAll(async () => {
  const large = { name: "large", layers: 1, score: 0.8, latencyMs: [300, 300, 300] } as const;
  const small = { name: "small", layers: 0, score: 0.6, latencyMs: [0.1, 0.1, 0.1] } as const;
  server = await startTestServer([large, small], { workers: 1 });
});
afterAll(() => server.end());

const ask = async (body: object) => {
  const response = await server.post("/v1/sentiment", { inputs: "good", ...body });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
};
const metric = async (series: string) => seriesValue(await server.app.metrics.text(), series);
const shedSeries = (reason: string) => `${metricNames.requestsShed}{reason="${reason}"}`;
const budgetSeries = (student: string, outcome: string) =>
  `${metricNames.budget}{task="sentiment",student="${student}",outcome="${outcome}"}`;

test("a reply says that a budget ruled out a more accurate student", async () => {
  expect((await ask({ latencyBudgetMs: 200 })).body).toMatchObject({ student: "small", downgraded: true });
  expect((await ask({ latencyBudgetMs: 60_000 })).body).not.toHaveProperty("downgraded");
});

test("what no student can answer in time is refused with 429 and the seconds after which it could be", async () => {
  const counts = async () => [await metric(shedSeries("budget")), await metric(budgetSeries("", "refused"))];
  const before = await counts();
  const release = await server.hold("large");
  const waiting = ask({ inputs: Array(12).fill("good"), student: "large" });
  await eventually(() => expect(server.app.batcher.depth()).toBe(12));
  const refused = await ask({ latencyBudgetMs: 50 });
  expect(refused.status).toBe(429);
  expect(refused.body).toMatchObject({ type: "urn:kdnas:overloaded" });
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  expect((await counts()).map((count, i) => count - must(before[i]))).toEqual([1, 1]);
  await Promise.all([release(), waiting]);
});

test("a text whose deadline passes while it waits is never started", async () => {
  const texts = () => metric(`${metricNames.texts}{task="sentiment",student="small"}`);
  // On a busy machine it may be refused at once.
  const shed = async () => (await metric(shedSeries("expired"))) + (await metric(shedSeries("budget")));
  const shedBefore = await shed();
  await ask({ student: "small" });
  const before = await texts();
  const release = await server.hold("small");
  const late = ask({ latencyBudgetMs: 500, student: "small" });
  await Promise.race([late, eventually(() => expect(server.app.batcher.depth()).toBe(1))]);
  // Its time began before, and is over then.
  await new Promise((resolve) => setTimeout(resolve, 500));
  await release();
  expect((await late).status).toBe(429);
  expect((await texts()) - before).toBe(1);
  expect((await shed()) - shedBefore).toBe(1);
});

test("a budget that an idle server could not keep either is tried by the fastest student", async () => {
  const missed = budgetSeries("small", "missed");
  const before = await metric(missed);
  const { status, body } = await ask({ latencyBudgetMs: 0.001 });
  expect([status, body.student, body.downgraded]).toEqual([200, "small", true]);
  expect((await metric(missed)) - before).toBe(1);
});
