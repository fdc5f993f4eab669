import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { readReferences } from "../../../serve/drift/references.ts";
import { driftThresholds, leastDriftSamples } from "../../../src/contract/drift.ts";
import { startTestServer, type TestServer } from "../../fixtures/test-server.ts";

const reference = { length: { "4": 1000 }, unknown: { "0": 1000 } };
const only = [{ name: "only", layers: 0, tasks: ["sentiment"], reference }] as const;
/** Students are loaded in a while on a busy machine. */
const patienceMs = 120_000;
const folder = mkdtempSync(join(tmpdir(), "kdnas-drift-route-"));
let server: TestServer;
/** What was told before there was traffic. */
let atFirst: unknown;
beforeAll(async () => {
  server = await startTestServer(only, { cacheEntries: 10 });
  atFirst = JSON.parse(await get("/admin/drift"));
  await sendTraffic(server);
}, patienceMs);
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await server.end();
});

async function sendTraffic({ post }: TestServer): Promise<void> {
  const inputs = Array.from({ length: 100 }, () => "the food was good and the service was nice");
  for (let i = 0; i < leastDriftSamples / 100; i++) await post("/v1/sentiment", { inputs });
}

const get = async (path: string) => await (await fetch(`${server.url}${path}`)).text();
const reportOf = async (feature: string) =>
  JSON.parse(await get("/admin/drift")).drift.find((one: { task: string; feature: string }) => one.feature === feature);

test("GET /admin/drift says how far traffic is from the reference and which categories differ, cached answers included", {
  timeout: patienceMs,
}, async () => {
  expect(atFirst).toEqual({ windowSeconds: 3600, drift: [] });
  const length = await reportOf("length");
  expect(length).toMatchObject({ task: "sentiment", samples: leastDriftSamples, threshold: driftThresholds.length });
  expect(length.score).toBeGreaterThan(0.9);
  expect(length.changes).toContainEqual({ category: "4", expected: 1, seen: 0 });
  expect(await reportOf("unknown")).toMatchObject({ score: 0 });
});

test("GET /admin/drift/reference gives the traffic as a file that KDNAS_DRIFT_REFERENCE reads", {
  timeout: patienceMs,
}, async () => {
  const path = join(folder, "reference.json");
  writeFileSync(path, await get("/admin/drift/reference"));
  const references = readReferences(path);
  expect(Object.keys(references.get("sentiment") ?? {}).sort()).toEqual(["length", "unknown"]);
  const again = await startTestServer(only, { driftReference: path });
  onTestFinished(() => again.end());
  await sendTraffic(again);
  const { drift } = JSON.parse(await (await fetch(`${again.url}/admin/drift`)).text());
  expect(drift.map((one: { score: number }) => one.score)).toEqual([0, 0]);
});
