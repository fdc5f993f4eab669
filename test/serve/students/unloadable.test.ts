import { mkdtempSync, renameSync, rmSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import { loadFailureReasons } from "../../../serve/students/load-failure.ts";
import { metricNames } from "../../../src/contract/metrics.ts";
import { startTestServer, type TestServer } from "../../fixtures/test-server.ts";
import { writeTinyStudent } from "../../fixtures/tiny-student.ts";
import { putBeside, soon } from "../rollout/candidate.ts";

const one = { name: "one", layers: 0 } as const;
const root = mkdtempSync(join(tmpdir(), "kdnas-unloadable-"));
let server: TestServer;
afterEach(() => server.end());
afterAll(() => rmSync(root, { recursive: true }));

const cut = (folder: string) => truncateSync(join(folder, "model.onnx"), 1000);

/** How many cannot be loaded, by reason, of those that there are any of. */
async function unloadable(): Promise<Record<string, number>> {
  const text = await server.app.metrics.text();
  const series = [...text.matchAll(new RegExp(`^${metricNames.studentsUnloadable}{reason="(\\w+)"} (\\d+)$`, "gm"))];
  expect(series).toHaveLength(loadFailureReasons.length);
  const counts = series.map(([, reason = "", count]) => [reason, Number(count)] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

test("a student that fails at a server's start can be seen from the first scrape on, until it is mended", async () => {
  const models = join(root, "models");
  for (const name of ["one", "two"]) writeTinyStudent(join(models, name), { ...one, name });
  cut(join(models, "two"));
  server = await startTestServer([], { models, workers: 1 });
  expect(await unloadable()).toEqual({ checksum: 1 });
  writeTinyStudent(join(models, "two"), { ...one, name: "two", seed: 2 });
  await soon(async () => expect(await unloadable()).toEqual({}));
  expect(server.app.registry.students()).toHaveLength(2);
}, 90_000);

test("a replacement that fails can be seen as long as it lies there, though the old one answers", async () => {
  server = await startTestServer([one], { workers: 1 });
  expect(await unloadable()).toEqual({});
  const incoming = join(server.models, ".incoming");
  writeTinyStudent(incoming, { ...one, seed: 2 });
  cut(incoming);
  rmSync(server.folder("one"), { recursive: true });
  renameSync(incoming, server.folder("one"));
  await soon(async () => expect(await unloadable()).toEqual({ checksum: 1 }));
  await server.app.registry.scan();
  expect(await unloadable()).toEqual({ checksum: 1 });
  expect((await server.post("/v1/sentiment", { inputs: "good" })).status).toBe(200);
  rmSync(server.folder("one"), { recursive: true });
  await soon(async () => expect(await unloadable()).toEqual({}));
}, 150_000);

test("an entry that cannot be looked into counts until it is gone", async () => {
  server = await startTestServer([one], { workers: 1 });
  symlinkSync("in-circles", join(server.models, "in-circles"));
  await server.app.registry.scan();
  expect(await unloadable()).toEqual({ missing: 1 });
  unlinkSync(join(server.models, "in-circles"));
  await server.app.registry.scan();
  expect(await unloadable()).toEqual({});
}, 60_000);

test("a candidate that is refused counts until its rollout ends", async () => {
  server = await startTestServer([one], { workers: 1 });
  putBeside(server.models, { ...one, seed: 2 }, { stage: "shadow" }, cut);
  await soon(async () => expect(await unloadable()).toEqual({ checksum: 1 }));
  writeFileSync(join(server.models, "rollout.json"), '{"format":1,"rollouts":[]}');
  await soon(async () => expect(await unloadable()).toEqual({}));
}, 150_000);
