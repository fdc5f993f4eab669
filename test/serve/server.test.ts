import { afterEach, expect, test } from "vitest";
import { eventually, startTestServer, type TestServer } from "../fixtures/test-server.ts";

let server: TestServer | undefined;
afterEach(() => server?.end());

const only = [{ name: "only", layers: 0 }] as const;
const ready = async (url: string) => (await fetch(`${url}/health/ready`, { headers: { connection: "close" } })).status;

test("drain() is not ready while it still accepts, then closes the socket and finishes what runs", async () => {
  server = await startTestServer(only, { workers: 1 });
  const { url } = server;
  const release = await server.hold();
  const drained = server.drain(3000);
  expect(await ready(url)).toBe(503);
  expect((await fetch(`${url}/health/live`)).status).toBe(200);
  const waiting = server.post("/v1/sentiment", { inputs: "good" });
  await eventually(() => expect(ready(url)).rejects.toThrow());
  const [running] = await release();
  expect(running?.status).toBe(200);
  const late = await waiting;
  expect([late.status, late.headers.get("connection")]).toEqual([200, "close"]);
  expect(await drained).toBe(true);
});

test("drain() gives up on what takes longer than the cap", async () => {
  server = await startTestServer(only, { workers: 1, drainSeconds: 0.2 });
  // It is not released before the end of the test, and so nothing else than the cap ends the wait.
  const running = server.post("/v1/sentiment", { inputs: server.newHold().text }).catch(() => "cut");
  await server.untilIdle(0);
  expect(await server.drain(0)).toBe(false);
  expect(await running).toBe("cut");
});

test("idle keep-alive connections do not hold up a drain", async () => {
  server = await startTestServer(only, { workers: 1, drainSeconds: 5 });
  await server.post("/v1/sentiment", { inputs: "good" });
  const started = performance.now();
  expect(await server.drain(0)).toBe(true);
  expect(performance.now() - started).toBeLessThan(3000);
});
