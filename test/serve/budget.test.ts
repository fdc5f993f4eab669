import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually, startTestServer, type TestServer } from "../fixtures/test-server.ts";

/** One worker, so that a text which blocks it holds up all that comes after. */
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
const idOf = (name: string) => server.app.registry.students().find((s) => s.manifest.name === name)?.id ?? "";
const running = () => eventually(() => expect(server.app.runner.idle(idOf("small"))).toBe(0));
const metric = async (series: string) =>
  Number(
    (await server.app.metrics.text())
      .split("\n")
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length),
  );

test("a reply says that a budget ruled out a more accurate student", async () => {
  expect((await ask({ latencyBudgetMs: 200 })).body).toMatchObject({ student: "small", downgraded: true });
  expect((await ask({ latencyBudgetMs: 60_000 })).body).not.toHaveProperty("downgraded");
});

test("what no student can answer in time is refused with 429 and the seconds after which it could be", async () => {
  const blocked = ask({ inputs: "!block 400", student: "large" });
  await running();
  const waiting = ask({ inputs: Array(12).fill("good"), student: "large" });
  await eventually(() => expect(server.app.batcher.depth()).toBe(12));
  const refused = await ask({ latencyBudgetMs: 50 });
  expect(refused.status).toBe(429);
  expect(refused.body).toMatchObject({ type: "urn:kdnas:overloaded" });
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  expect(await metric('kdnas_requests_shed_total{reason="budget"}')).toBe(1);
  expect(await metric('kdnas_budget_total{task="sentiment",student="",outcome="refused"}')).toBe(1);
  await Promise.all([blocked, waiting]);
});

test("a text whose deadline passes while it waits is never started", async () => {
  const texts = async () => await metric('kdnas_texts_total{task="sentiment",student="small"}');
  // On a busy machine it may be refused at once.
  const shed = async () =>
    (await metric('kdnas_requests_shed_total{reason="expired"}')) +
    (await metric('kdnas_requests_shed_total{reason="budget"}'));
  const shedBefore = await shed();
  await ask({ student: "small" });
  const before = await texts();
  const blocked = ask({ inputs: "!block 900", student: "small" });
  await running();
  const late = await ask({ latencyBudgetMs: 500, student: "small" });
  expect(late.status).toBe(429);
  await blocked;
  expect((await texts()) - before).toBe(1);
  expect((await shed()) - shedBefore).toBe(1);
});

test("a budget that an idle server could not keep either is tried by the fastest student", async () => {
  const { status, body } = await ask({ latencyBudgetMs: 0.001 });
  expect([status, body.student, body.downgraded]).toEqual([200, "small", true]);
  expect(await metric('kdnas_budget_total{task="sentiment",student="small",outcome="missed"}')).toBe(1);
});
