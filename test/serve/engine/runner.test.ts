import { afterEach, expect, test } from "vitest";
import { metricNames } from "../../../src/contract/metrics.ts";
import { eventually, startTestServer, type TestServer } from "../../fixtures/test-server.ts";

let server: TestServer;
afterEach(() => server.end());

/** A worker takes its time to come up on a busy machine. */
const patienceMs = 60_000;

const only = [{ name: "only", layers: 0 }] as const;
const ask = async (inputs: string) => (await server.post("/v1/sentiment", { inputs })).status;
const probe = async (name: string) => (await fetch(`${server.url}/health/${name}`)).status;

test(
  "a worker that ends amid a batch is replaced; its text gets 503 and the others an answer",
  async () => {
    server = await startTestServer(only);
    const answers = await Promise.all(["good", "!die", "bad", "nice"].map(ask));
    expect(answers.filter((status) => status === 503).length).toBeGreaterThan(0);
    expect(answers.every((status) => status === 200 || status === 503)).toBe(true);
    await eventually(
      () => expect(server.app.runner.health()).toEqual({ up: 2, downMs: 0, lost: 1, stuck: 0 }),
      patienceMs,
    );
    expect(await ask("good")).toBe(200);
  },
  2 * patienceMs,
);

test(
  "workers that keep ending are replaced every time, and the server is not ready until one is up",
  async () => {
    server = await startTestServer(only, { workers: 1 });
    for (let round = 0; round < 4; round++) {
      expect(await ask("!die")).toBe(503);
      await eventually(() => expect(server.app.runner.health().up).toBe(0));
      expect([await probe("ready"), await probe("live")]).toEqual([503, 200]);
      await eventually(() => expect(server.app.runner.health().up).toBe(1), patienceMs);
    }
    expect(await probe("ready")).toBe(200);
    const lost = server.log.filter((line) => line.includes("a worker was lost"));
    expect(lost).toHaveLength(4);
    const metrics = await server.app.metrics.text();
    expect(metrics).toContain(`\n${metricNames.workersLost} 4\n`);
    expect(metrics).toContain(`\n${metricNames.workersUp} 1\n`);
  },
  2 * patienceMs,
);

test(
  "live fails while as many runs hang as there are workers, and no longer",
  async () => {
    server = await startTestServer(only, { workers: 1, runTimeoutSeconds: 0.2 });
    expect(await ask("!block 4000")).toBe(503);
    await eventually(() => expect(server.app.runner.health().stuck).toBe(1));
    expect(await probe("live")).toBe(503);
    await eventually(async () => expect(await probe("live")).toBe(200), patienceMs);
  },
  2 * patienceMs,
);
