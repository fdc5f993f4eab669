import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { metricNames } from "../../../src/contract/metrics.ts";
import { eventually, seriesValue, startTestServer } from "../../fixtures/test-server.ts";

const seriesOf = (outcome: string) => `${metricNames.cache}{outcome="${outcome}"}`;

test("a remembered answer is the one that the student gave, and does not ask it again", async () => {
  const server = await startTestServer(undefined, { cacheEntries: 100 });
  const ask = async (inputs: unknown) =>
    (await (await server.post("/v1/sentiment", { inputs })).json()) as { results: unknown[] };
  const counts = async () => {
    const text = await server.app.metrics.text();
    return [`${metricNames.batchSize}_sum`, seriesOf("hit"), seriesOf("miss")].map((of) => seriesValue(text, of));
  };
  const first = await ask(["good", "bad"]);
  expect(await ask(["bad", "good", "new"])).toMatchObject({ results: [first.results[1], first.results[0], {}] });
  expect(await counts()).toEqual([3, 2, 3]);
  await server.end();
});

test("under a budget a text counts once, however many students could be asked", async () => {
  const server = await startTestServer(undefined, { cacheEntries: 100 });
  for (let i = 0; i < 3; i++)
    await server.post("/v1/sentiment", { inputs: "good" }, { "x-latency-budget-ms": "10000" });
  const text = await server.app.metrics.text();
  expect([seriesValue(text, seriesOf("hit")), seriesValue(text, seriesOf("miss"))]).toEqual([2, 1]);
  await server.end();
});

test("what was remembered is asked again when others are served: who answers together may have changed", async () => {
  const server = await startTestServer(undefined, { cacheEntries: 100 });
  const hits = async () => seriesValue(await server.app.metrics.text(), seriesOf("hit"));
  const ask = () => server.post("/v1/sentiment", { inputs: "good" });
  for (let i = 0; i < 2; i++) await ask();
  expect(await hits()).toBe(1);
  rmSync(server.folder("small"), { recursive: true });
  await eventually(() => expect(server.app.registry.students()).toHaveLength(1));
  for (let i = 0; i < 2; i++) await ask();
  expect(await hits()).toBe(2);
  await server.end();
});

test("nothing is remembered unless the setting says so", async () => {
  const server = await startTestServer();
  for (let i = 0; i < 2; i++) await server.post("/v1/sentiment", { inputs: "good" });
  expect(seriesValue(await server.app.metrics.text(), seriesOf("hit"))).toBe(0);
  expect(server.app.cache.key(server.app.registry.students()[0] as never, 0, ["sentiment"], ["good"])).toBeNull();
  await server.end();
});
