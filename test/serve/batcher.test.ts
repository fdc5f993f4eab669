import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, startTestServer, type TestServer } from "../fixtures/test-server.ts";

/** Over a whole server with one worker, so that a blocked text holds everything up. */
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer([{ name: "only", layers: 0, latencyMs: [100, 200, 400] }], {
    workers: 1,
    queueLimit: 8,
    maxItems: 8,
    runTimeoutSeconds: 1,
  });
});
afterAll(() => server.end());

const post = (inputs: string | string[]) => server.post("/v1/sentiment", { inputs });
const running = () =>
  eventually(() => expect(server.app.runner.idle(server.app.registry.students()[0]?.id ?? "")).toBe(0));
const metric = async (pattern: RegExp) => Number(pattern.exec(await server.app.metrics.text())?.[1]);

describe("admission", () => {
  test("submit() refuses what the queue cannot hold, with 429 and the time until it should be empty", async () => {
    const blocked = post("!block 400");
    await running();
    const waiting = post(Array(8).fill("good"));
    await eventually(() => expect(server.app.batcher.depth()).toBe(8));
    const refused = await post("good");
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBe(Math.ceil(server.app.batcher.backlogMs() / 1000));
    expect(await refused.json()).toMatchObject({ type: "urn:kdnas:overloaded", status: 429 });
    expect([(await blocked).status, (await waiting).status]).toEqual([200, 200]);
    expect(await metric(/reason="queue_full"} (\d+)/)).toBe(1);
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
    const before = await metric(/batch_size_count (\d+)/);
    const blocked = post("!block 300");
    await running();
    const waiting = Array.from({ length: 8 }, () => post("good"));
    await eventually(() => expect(server.app.batcher.depth()).toBe(8));
    for (const response of await Promise.all([blocked, ...waiting])) expect(response.status).toBe(200);
    expect((await metric(/batch_size_count (\d+)/)) - before).toBe(2);
  });
});

describe("failures", () => {
  test("a worker that dies fails what it had with 503, and what waits is answered by the next", async () => {
    const blocked = post("!block 300");
    await running();
    const doomed = post(["good", "!die"]);
    const [, first] = await Promise.all([blocked, doomed]);
    expect(first.status).toBe(503);
    expect(await first.json()).toMatchObject({ type: "urn:kdnas:unavailable" });
    const waiting = await post("good");
    expect(waiting.status).toBe(200);
    expect(server.log.some((line) => line.includes("a worker was lost"))).toBe(true);
  });

  test("a worker that does not return is given up after the limit, and replaced", async () => {
    const stuck = await post("!block 2500");
    expect(stuck.status).toBe(503);
    expect((await post("good")).status).toBe(200);
  });

  test("many deaths lose no request: each is answered or fails", async () => {
    const inputs = Array.from({ length: 12 }, (_, i) => (i % 4 === 3 ? "!die" : "good"));
    const statuses: number[] = [];
    for (const text of inputs) statuses.push((await post(text)).status);
    expect(statuses).toEqual(inputs.map((text) => (text === "!die" ? 503 : 200)));
  });
});
