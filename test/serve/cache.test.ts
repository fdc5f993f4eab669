import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { eventually, startTestServer } from "../fixtures/test-server.ts";

test("a remembered answer is the one that the student gave, and does not ask it again", async () => {
  const server = await startTestServer(undefined, { cacheEntries: 100 });
  const ask = async (inputs: unknown) =>
    (await (await server.post("/v1/sentiment", { inputs })).json()) as { results: unknown[] };
  const counts = async () => {
    const text = await server.app.metrics.text();
    const of = (pattern: RegExp) => Number(pattern.exec(text)?.[1]);
    return [of(/batch_size_sum (\d+)/), of(/outcome="hit"} (\d+)/), of(/outcome="miss"} (\d+)/)];
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
  expect(text).toContain('kdnas_cache_total{outcome="hit"} 2');
  expect(text).toContain('kdnas_cache_total{outcome="miss"} 1');
  await server.end();
});

test("what was remembered is asked again when others are served: who answers together may have changed", async () => {
  const server = await startTestServer(undefined, { cacheEntries: 100 });
  const hits = async () => Number(/cache_total{outcome="hit"} (\d+)/.exec(await server.app.metrics.text())?.[1]);
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
  expect(await server.app.metrics.text()).toContain('kdnas_cache_total{outcome="hit"} 0');
  expect(server.app.cache.key(server.app.registry.students()[0] as never, 0, ["sentiment"], ["good"])).toBeNull();
  await server.end();
});
