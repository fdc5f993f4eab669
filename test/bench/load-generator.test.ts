import { expect, onTestFinished, test } from "vitest";
import { postRequest } from "../../bench/http-connection.ts";
import { type LoadGenerator, secondsOf, startLoadGenerator } from "../../bench/load-generator.ts";
import { listen } from "../fixtures/listen.ts";

/** Answers after a while; returns the address. */
async function slowServer(afterMs: number): Promise<string> {
  const page = await listen((_request, response) => void setTimeout(() => response.end("{}"), afterMs), "/");
  onTestFinished(page.close);
  return page.url;
}

function generator(): LoadGenerator {
  const started = startLoadGenerator();
  onTestFinished(() => started.end());
  return started;
}

test("secondsOf() lasts until the last reply, whichever request had it", () => {
  expect(secondsOf([{ repliedAtMs: 500 }, { repliedAtMs: 2500 }, { repliedAtMs: 1000 }])).toBe(2.5);
});

test("a closed loop counts what was on its way at its end, and its time goes on until that is answered", async () => {
  const url = await slowServer(400);
  const requests = [postRequest(new URL(url), {})];
  const shots = await generator().run({ kind: "closed", url, requests, connections: 2, seconds: 0.1 });
  expect(shots.map(({ status }) => status)).toEqual([200, 200]);
  for (const { latencyMs, repliedAtMs } of shots) expect(repliedAtMs).toBeGreaterThanOrEqual(latencyMs);
});

test("an open load sends what was planned, and ends at once when that is nothing", async () => {
  const url = await slowServer(0);
  const requests = [postRequest(new URL(url), {})];
  const { run } = generator();
  const arrivals = [
    { atMs: 0, request: 0 },
    { atMs: 5, request: 0 },
  ];
  expect((await run({ kind: "open", url, requests, arrivals })).map(({ body }) => body)).toEqual(["{}", "{}"]);
  expect(await run({ kind: "open", url, requests, arrivals: [] })).toEqual([]);
});
