import { afterEach, expect, test } from "vitest";
import { eventually, startTestServer, type TestServer } from "../fixtures/test-server.ts";

let server: TestServer | undefined;
afterEach(() => server?.app.runner.close());

const only = [{ name: "only", layers: 0 }] as const;
const ready = async (url: string) => (await fetch(`${url}/health/ready`, { headers: { connection: "close" } })).status;
const isBusy = () => server?.app.runner.idle(server.app.registry.students()[0]?.id ?? "") === 0;

test("drain() is not ready while it still accepts, then finishes what runs and closes the socket", async () => {
  server = await startTestServer(only, { workers: 1 });
  const { url } = server;
  const running = server.post("/v1/sentiment", { inputs: "!block 900" });
  await eventually(() => expect(isBusy()).toBe(true));
  const drained = server.drain(300);
  expect(await ready(url)).toBe(503);
  expect((await fetch(`${url}/health/live`)).status).toBe(200);
  const late = await server.post("/v1/sentiment", { inputs: "good" });
  expect([late.status, late.headers.get("connection")]).toEqual([200, "close"]);
  expect((await running).status).toBe(200);
  expect(await drained).toBe(true);
  await expect(ready(url)).rejects.toThrow();
});

test("drain() gives up on what takes longer than the cap", async () => {
  server = await startTestServer(only, { workers: 1, drainSeconds: 0.2 });
  const running = server.post("/v1/sentiment", { inputs: "!block 2000" }).catch(() => "cut");
  await eventually(() => expect(isBusy()).toBe(true));
  const started = performance.now();
  expect(await server.drain(0)).toBe(false);
  expect(performance.now() - started).toBeLessThan(1900);
  expect(await running).toBe("cut");
});

test("idle keep-alive connections do not hold up a drain", async () => {
  server = await startTestServer(only, { workers: 1, drainSeconds: 5 });
  await server.post("/v1/sentiment", { inputs: "good" });
  const started = performance.now();
  expect(await server.drain(0)).toBe(true);
  expect(performance.now() - started).toBeLessThan(3000);
});
