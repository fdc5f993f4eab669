import { afterEach, expect, test, vi } from "vitest";
import { answerItems } from "../../../serve/answering/answer.ts";
import { metricNames } from "../../../src/contract/metrics.ts";
import { UnavailableError } from "../../../src/errors.ts";
import { seriesValue, startTestServer, type TestServer } from "../../fixtures/test-server.ts";
import { ask, live, putBeside, rolloutOnce, toStage } from "./candidate.ts";

// What is waited for may take a busy machine a minute.
vi.setConfig({ testTimeout: 120_000 });

let server: TestServer;
afterEach(() => server.end());

const isThere = ({ refused }: { refused?: string | undefined }) => refused === undefined;

test("a canary answers its share of requests, replies name its version, and each id keeps its answer", async () => {
  server = await startTestServer([live]);
  const { version } = putBeside(server.models, { ...live, seed: 2 }, { stage: "canary", share: 0.3 });
  await rolloutOnce(server, isThere);
  const askFirst = async (count: number) => {
    const versions: string[] = [];
    for (let i = 0; i < count; i++)
      versions.push((await ask(server, "good", { "x-request-id": `request-${i}` })).version);
    return versions;
  };
  const versions = await askFirst(200);
  // Four standard deviations of a draw of 200.
  expect(Math.abs(versions.filter((v) => v === version).length - 60)).toBeLessThan(26);
  const again = await askFirst(50);
  expect(again).toEqual(versions.slice(0, 50));
  const taken = [...versions, ...again].filter((v) => v === version).length;
  const rollout = await rolloutOnce(server, ({ texts }) => texts === taken);
  expect(rollout).toMatchObject({ stage: "canary", failed: 0 });
  expect(rollout.workMs.live?.p95).toBeGreaterThan(0);
  const metrics = await server.app.metrics.text();
  expect(metrics).toContain('kdnas_texts_total{task="sentiment",student="one"} 250');
  expect(metrics).toContain(`kdnas_stage_duration_seconds_count{student="one",stage="infer"} ${250 - taken}`);
});

test("a canary that is drawn by key answers a caller always or never", async () => {
  server = await startTestServer([live]);
  putBeside(server.models, { ...live, seed: 2 }, { stage: "canary", share: 0.5, stickyBy: "key" });
  await rolloutOnce(server, isThere);
  const versions = new Set<string>();
  for (let i = 0; i < 30; i++) versions.add((await ask(server, "good")).version);
  expect(versions.size).toBe(1);
});

test("what a canary fails on is answered by the live student, and after five failures all is", async () => {
  server = await startTestServer([live]);
  const long = "good ".repeat(60);
  const before = await ask(server, [long, "bad"]);
  const { version } = putBeside(server.models, { ...live, layers: 1, faultyFrom: 40 }, { stage: "canary" });
  await rolloutOnce(server, isThere);
  expect((await ask(server, "good")).version).toBe(version);
  for (let i = 0; i < 6; i++) expect(await ask(server, long)).toMatchObject({ version: before.version });
  const rollout = await rolloutOnce(server, ({ suspended }) => suspended !== undefined);
  expect(rollout).toMatchObject({ texts: 6, failed: 5 });
  expect((await ask(server, "good")).version).toBe(before.version);
});

test("a request whose texts all fail is one failure of the canary, however many they are", async () => {
  server = await startTestServer([live]);
  const long = "good ".repeat(60);
  const { version: ours } = await ask(server, "good");
  const { version } = putBeside(server.models, { ...live, layers: 1, faultyFrom: 40 }, { stage: "canary" });
  await rolloutOnce(server, isThere);
  expect((await ask(server, Array(5).fill(long))).version).toBe(ours);
  const rollout = await rolloutOnce(server, ({ failed }) => failed === 5);
  expect(rollout.suspended).toBeUndefined();
  expect((await ask(server, "good")).version).toBe(version);
});

test("a canary that takes its worker down costs its request a second try and nobody an answer", async () => {
  server = await startTestServer([live]);
  const { version: ours } = await ask(server, "good");
  const { version } = putBeside(server.models, { ...live, seed: 2 }, { stage: "canary" });
  await rolloutOnce(server, isThere);
  expect((await ask(server, `!die one@${version}`)).version).toBe(ours);
  await rolloutOnce(server, ({ suspended }) => suspended?.includes("a worker was lost") ?? false);
});

test("what a canary has not answered is asked of nobody else once the client has left, and is counted once", async () => {
  server = await startTestServer([live]);
  putBeside(server.models, { ...live, seed: 2 }, { stage: "canary" });
  await rolloutOnce(server, isThere);
  const question = { tasks: ["sentiment"], input: "text", client: { aborted: true } } as const;
  const { answers } = await answerItems(server.app, question, [{ texts: ["good"] }]);
  expect(answers).toEqual([expect.any(UnavailableError)]);
  const text = await server.app.metrics.text();
  expect(seriesValue(text, `${metricNames.requestsShed}{reason="client_left"}`)).toBe(1);
});

test("a request for a version gets that version, whatever the canary's share", async () => {
  server = await startTestServer([live]);
  const { version } = await ask(server, "good");
  putBeside(server.models, { ...live, seed: 2 }, { stage: "canary" });
  await rolloutOnce(server, isThere);
  const inputs = [{ name: "text", datatype: "BYTES", shape: [1], data: ["good"] }];
  const reply = await server.post(`/v2/models/sentiment@one/versions/${version}/infer`, { inputs });
  expect(await reply.json()).toMatchObject({ model_version: version });
});

test("stages that change under load lose no request", async () => {
  server = await startTestServer([live]);
  const candidate = putBeside(server.models, { ...live, seed: 2 }, {});
  await rolloutOnce(server, isThere);
  let done = false;
  let answered = 0;
  const client = async () => {
    for (; !done; answered++) await ask(server, ["good", "bad"]);
  };
  const clients = Promise.all([client(), client(), client()]);
  for (const stage of [
    { stage: "canary", share: 0.5 },
    { stage: "shadow", share: 0.5 },
    { stage: "canary" },
  ] as const) {
    toStage(server.models, candidate, stage);
    await rolloutOnce(server, (seen) => seen.stage === stage.stage && seen.texts > 0);
  }
  done = true;
  await clients;
  expect(answered).toBeGreaterThan(0);
});
