import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { finishPromotions, promoteCandidate, rollBack } from "../../../search/export/candidate-folder.ts";
import { readConfig } from "../../../serve/config.ts";
import { createLog } from "../../../serve/log.ts";
import { startServer } from "../../../serve/server.ts";
import { must } from "../../../src/invariant.ts";
import { startTestServer, type TestServer } from "../../fixtures/test-server.ts";
import { declaredTask } from "../../fixtures/tiny-student.ts";
import { ask, live, putBeside, rolloutOnce, shown, soon, toStage } from "./candidate.ts";

// What is waited for may take a busy machine a minute.
vi.setConfig({ testTimeout: 120_000 });

let server: TestServer;
afterEach(() => server.end());

const started = async () => {
  server = await startTestServer([live]);
  return await ask(server, "good");
};
const isThere = ({ refused }: { refused?: string | undefined }) => refused === undefined;

/** Another server over the same folder, as after a kill: a server writes nothing, so the file is all that it had. */
async function startAgain() {
  const config = { ...readConfig([], {}), port: 0, models: server.models, workers: 1, pollSeconds: 0.2 };
  const again = await startServer(config, createLog({ write: () => {} }, "info"));
  await again.loaded;
  return again;
}

test("promoteCandidate() makes the candidate the live student under load, without loading it again", async () => {
  const { version: old } = await started();
  const { version } = putBeside(server.models, { ...live, seed: 2 }, { stage: "canary", share: 0.5 });
  await rolloutOnce(server, isThere);
  let done = false;
  const client = async () => {
    while (!done) expect([old, version]).toContain((await ask(server, ["good", "bad"])).version);
  };
  const clients = Promise.all([client(), client()]);
  promoteCandidate(server.models, "one", "held its rule", new Date());
  await soon(async () => expect((await shown(server)).students).toMatchObject([{ name: "one", version }]));
  await soon(async () => expect((await shown(server)).students[0]?.rollout).toBeUndefined());
  done = true;
  await clients;
  for (let i = 0; i < 10; i++) expect((await ask(server, "good")).version).toBe(version);
  const loads = server.log.filter((line) => line.includes(version) && line.includes("loaded"));
  expect(loads).toHaveLength(2);
  expect(server.app.registry.students()[0]?.id).toMatch(/#1$/);
  expect(await server.app.metrics.text()).not.toMatch(/^kdnas_rollout_stage\{/m);
});

test("a candidate that is refused at its promotion leaves the workers when its last request is done", async () => {
  const rating = (input: "text" | "pair") => [declaredTask("rating", input, ["low", "high"])];
  server = await startTestServer([live, { name: "two", layers: 0, score: 0.4, declared: rating("pair") }]);
  const { runner, registry } = server.app;
  const before = await ask(server, "good");
  putBeside(server.models, { ...live, seed: 2, declared: rating("text") }, { stage: "shadow" });
  await rolloutOnce(server, isThere);
  const { student } = must(registry.candidates.beside("one"));
  const release = registry.lease(student);
  promoteCandidate(server.models, "one", "held its rule", new Date());
  const refusal = /could not load one, the old one stays: rating is a task over a text here, and over a pair/;
  await soon(() => expect(server.log.some((line) => refusal.test(line))).toBe(true));
  expect(runner.serves(student.id)).toBe(true);
  release();
  await soon(() => expect(runner.serves(student.id)).toBe(false));
  expect((await ask(server, "good")).version).toBe(before.version);
});

test("rollBack() takes the candidate away and leaves the live student", async () => {
  const before = await started();
  const { version } = putBeside(server.models, { ...live, seed: 2 }, { stage: "canary" });
  await rolloutOnce(server, isThere);
  expect((await ask(server, "good")).version).toBe(version);
  rollBack(server.models, "one", "too slow", new Date());
  await soon(async () => expect((await shown(server)).students[0]?.rollout).toBeUndefined());
  expect(await ask(server, "good")).toEqual(before);
  await soon(() => expect(server.app.runner.serves(`one@${version}#1`)).toBe(false));
});

test("a server that is started again takes up the stage where the file has it", async () => {
  await started();
  const { version } = putBeside(server.models, { ...live, seed: 2 }, { stage: "canary" });
  const again = await startAgain();
  await soon(() => expect(again.app.registry.candidates.beside("one")?.isAt("canary")).toBe(true));
  const reply = await fetch(`${again.url}/v1/sentiment`, { method: "POST", body: '{"inputs":"good"}' });
  expect(await reply.json()).toMatchObject({ student: "one", version });
  await again.drain(0);
});

test("a promotion that was killed between its renames leaves one live student, to servers that run and that start", async () => {
  const { version: old } = await started();
  const candidate = putBeside(server.models, { ...live, seed: 2 }, { stage: "canary" });
  await rolloutOnce(server, isThere);
  toStage(server.models, candidate, { stage: "promoting" });
  mkdirSync(join(server.models, ".replaced"));
  renameSync(server.folder("one"), join(server.models, ".replaced", "one"));
  // As often as it takes to believe that a folder is gone.
  for (let scan = 0; scan < 3; scan++) await server.app.registry.scan();
  expect((await shown(server)).students).toMatchObject([{ name: "one", version: old }]);
  const again = await startAgain();
  expect(again.app.registry.students().map(({ manifest }) => manifest.version)).toEqual([old]);
  await again.drain(0);
  const { version } = candidate;
  expect(finishPromotions(server.models, new Date())).toEqual(["one"]);
  await server.app.registry.scan();
  expect((await shown(server)).students).toMatchObject([{ name: "one", version }]);
});

test("garbage in the rollout file is refused and shown, and what it said before holds on", async () => {
  await started();
  const { version } = putBeside(server.models, { ...live, seed: 2 }, { stage: "canary" });
  await rolloutOnce(server, isThere);
  writeFileSync(join(server.models, "rollout.json"), '{"format":1,"rollouts":[{"student":"one","now":{"share":7}}]}');
  await soon(async () => expect((await shown(server)).rolloutFileRefused).toMatch(/rollout\.json: not usable/));
  expect((await ask(server, "good")).version).toBe(version);
  expect(await server.app.metrics.text()).toContain("kdnas_rollout_file_refused 1");
  expect(server.log.filter((line) => line.includes("rollouts stay as they were"))).toHaveLength(1);
  writeFileSync(join(server.models, "rollout.json"), '{"format":1,"rollouts":[]}');
  await soon(async () => expect((await shown(server)).rolloutFileRefused).toBeUndefined());
  await soon(async () => expect((await shown(server)).students[0]?.rollout).toBeUndefined());
  expect(await server.app.metrics.text()).toContain("kdnas_rollout_file_refused 0");
});

test("a rollout whose folder is not there is shown, and starts when it comes", async () => {
  await started();
  const candidate = putBeside(server.models, { ...live, seed: 2 }, { stage: "shadow" }, (folder) => {
    mkdirSync(join(server.models, ".later"));
    renameSync(folder, join(server.models, ".later", "one"));
  });
  const { refused } = await rolloutOnce(server, (seen) => seen.refused !== undefined);
  expect(refused).toMatch(/manifest\.json/);
  renameSync(join(server.models, ".later", "one"), join(server.models, candidate.folder));
  await rolloutOnce(server, isThere);
});
