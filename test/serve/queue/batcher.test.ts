import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { metricNames } from "../../../src/contract/metrics.ts";
import { eventually, seriesValue, startTestServer, type TestServer } from "../../fixtures/test-server.ts";

const only = [{ name: "only", layers: 0, latencyMs: [100, 200, 400] }] as const;
/** Over a whole server with one worker, so that a text which holds it holds everything up. */
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer(only, { workers: 1, queueLimit: 8, maxItems: 8 });
});
afterAll(() => server.end());

const post = (inputs: string | string[]) => server.post("/v1/sentiment", { inputs });
const metric = async (series: string) => seriesValue(await server.app.metrics.text(), series);

describe("admission", () => {
  test("submit() refuses what the queue cannot hold, with 429 and the time until it should be empty", async () => {
    const release = await server.hold();
    const waiting = post(Array(8).fill("good"));
    await eventually(() => expect(server.app.batcher.depth()).toBe(8));
    // What runs should be done soon, so that the time grows shorter.
    const secondsLeft = () => Math.ceil(server.app.batcher.backlogMs() / 1000);
    const most = secondsLeft();
    const refused = await post("good");
    expect(refused.status).toBe(429);
    const retryAfter = Number(refused.headers.get("retry-after"));
    expect(retryAfter).toBeLessThanOrEqual(most);
    expect(retryAfter).toBeGreaterThanOrEqual(secondsLeft());
    expect(await refused.json()).toMatchObject({ type: "urn:kdnas:overloaded", status: 429 });
    expect([...(await release()), await waiting].map(({ status }) => status)).toEqual([200, 200]);
    expect(await metric(`${metricNames.requestsShed}{reason="queue_full"}`)).toBe(1);
    expect(server.app.batcher.depth()).toBe(0);
    expect(server.app.batcher.backlogMs()).toBeCloseTo(0);
  });
});

describe("batching", () => {
  test("submit() starts at once while a worker is idle", async () => {
    await post("good");
    const times: number[] = [];
    for (let i = 0; i < 20; i++) {
      const timing = (await post("good")).headers.get("server-timing") ?? "";
      times.push(Number(/queue;dur=([\d.]+)/.exec(timing)?.[1]));
    }
    expect(Math.min(...times)).toBeLessThan(1);
  });

  test("texts that come while the worker is busy run together", async () => {
    const passes = `${metricNames.batchSize}_count`;
    const before = await metric(passes);
    const release = await server.hold();
    const waiting = Array.from({ length: 8 }, () => post("good"));
    await eventually(() => expect(server.app.batcher.depth()).toBe(8));
    for (const { status } of [...(await release()), ...(await Promise.all(waiting))]) expect(status).toBe(200);
    expect((await metric(passes)) - before).toBe(2);
  });
});

describe("failures", () => {
  test("a worker that dies fails what it had with 503, and what waits is answered by the next", async () => {
    const release = await server.hold();
    const doomed = post(["good", "!die"]);
    await eventually(() => expect(server.app.batcher.depth()).toBe(2));
    await release();
    const first = await doomed;
    expect(first.status).toBe(503);
    expect(await first.json()).toMatchObject({ type: "urn:kdnas:unavailable" });
    const waiting = await post("good");
    expect(waiting.status).toBe(200);
    expect(server.log.some((line) => line.includes("a worker was lost"))).toBe(true);
  });

  test("a worker that does not return is given up after the limit, and replaced", async () => {
    const impatient = await startTestServer(only, { workers: 1, runTimeoutSeconds: 2 });
    onTestFinished(() => impatient.end());
    const ask = async (inputs: string) => (await impatient.post("/v1/sentiment", { inputs })).status;
    expect(await ask(impatient.newHold().text)).toBe(503);
    expect(await ask("good")).toBe(200);
  });

  test("many deaths lose no request: each is answered or fails", async () => {
    const inputs = Array.from({ length: 12 }, (_, i) => (i % 4 === 3 ? "!die" : "good"));
    const statuses: number[] = [];
    for (const text of inputs) statuses.push((await post(text)).status);
    expect(statuses).toEqual(inputs.map((text) => (text === "!die" ? 503 : 200)));
  });
});
