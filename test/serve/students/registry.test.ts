import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { eventually, startTestServer, type TestServer } from "../../fixtures/test-server.ts";
import { declaredTask, writeTinyStudent } from "../../fixtures/tiny-student.ts";

let server: TestServer;
afterEach(() => server.end());

const answer = async () => (await server.post("/v1/sentiment", { inputs: "good" })).json() as Promise<Answer>;
interface Answer {
  readonly student: string;
  readonly version: string;
}
const static1 = { name: "one", layers: 0 } as const;

test("scan() passes over folders without a manifest", async () => {
  server = await startTestServer([static1], { workers: 1 });
  mkdirSync(join(server.models, "teacher"));
  writeFileSync(join(server.models, "teacher", "config.json"), "{}");
  await server.app.registry.scan();
  expect(server.app.registry.students()).toHaveLength(1);
  expect(server.log.filter((line) => line.includes("could not"))).toEqual([]);
});

test("an entry that cannot be looked into is told of once and keeps no student from being loaded", async () => {
  server = await startTestServer([], { workers: 1 });
  symlinkSync("in-circles", join(server.models, "in-circles"));
  writeTinyStudent(server.folder("one"), static1);
  for (let i = 0; i < 3; i++) await server.app.registry.scan();
  expect(server.app.registry.students()).toHaveLength(1);
  expect(server.log.filter((line) => line.includes("could not load in-circles"))).toHaveLength(1);
});

test("a link to nothing in a student's folder, such as an editor's lock, does not hide the student", async () => {
  server = await startTestServer([static1], { workers: 1 });
  const { version } = await answer();
  writeTinyStudent(server.folder("one"), { ...static1, seed: 9 });
  symlinkSync("nobody@nowhere.1", join(server.folder("one"), ".#card.md"));
  await eventually(async () => expect((await answer()).version).not.toBe(version));
});

test("watch() swaps a changed student under load without a failed request, and releases the old one", async () => {
  server = await startTestServer([static1]);
  const versions = new Set<string>();
  let failed = 0;
  let done = false;
  const client = async () => {
    while (!done) {
      const response = await server.post("/v1/sentiment", { inputs: ["good", "bad"] });
      if (response.ok) versions.add(((await response.json()) as Answer).version);
      else failed++;
    }
  };
  const clients = Array.from({ length: 4 }, client);
  const first = server.app.registry.students()[0]?.id ?? "";
  const written: string[] = [];
  for (let seed = 2; seed < 8; seed++) {
    const { version } = writeTinyStudent(server.folder("one"), { ...static1, seed });
    written.push(version);
    await eventually(() => expect(versions).toContain(version));
  }
  done = true;
  await Promise.all(clients);
  expect(failed).toBe(0);
  expect(written.every((version) => versions.has(version))).toBe(true);
  await eventually(() => expect(server.app.runner.serves(first)).toBe(false));
  const text = await server.app.metrics.text();
  expect(text.match(/^kdnas_student_info{/gm)).toHaveLength(1);
  expect(text).toContain('kdnas_student_loads_total{student="one",outcome="loaded"} 7');
  expect(text).toContain('kdnas_student_version_changes_total{student="one"} 6');
});

test("a student whose file was cut leaves the old one in place, in a line and in a metric", async () => {
  server = await startTestServer([static1], { workers: 1 });
  const before = await answer();
  const staging = join(server.models, ".incoming");
  writeTinyStudent(staging, { ...static1, seed: 9 });
  truncateSync(join(staging, "model.onnx"), 1000);
  rmSync(server.folder("one"), { recursive: true });
  renameSync(staging, server.folder("one"));
  await eventually(() =>
    expect(server.log.at(-1)).toMatch(/could not load one, the old one stays: .*model\.onnx: 1000/),
  );
  expect(await answer()).toMatchObject({ version: before.version });
  // It is not tried again.
  for (let i = 0; i < 3; i++) await server.app.registry.scan();
  expect(await server.app.metrics.text()).toContain('kdnas_student_loads_total{student="one",outcome="failed"} 1');
});

test.each([
  ["a manifest that is no JSON", "manifest.json", "{", /not a usable manifest/],
  ["a manifest of another shape", "manifest.json", '{"format": 1}', /not a usable manifest/],
  ["a changed tokeniser", "tokenizer.json", "{}", /tokenizer\.json: 2 bytes/],
])("%s keeps only that student from being served", async (_, file, content, message) => {
  server = await startTestServer([static1], { workers: 1 });
  writeTinyStudent(join(server.models, ".incoming"), { name: "two", score: 0.9 });
  writeFileSync(join(server.models, ".incoming", file), content);
  renameSync(join(server.models, ".incoming"), server.folder("two"));
  await eventually(() => expect(server.log.some((line) => message.test(line))).toBe(true));
  expect(await answer()).toMatchObject({ student: "one" });
});

test("a student that is mended is loaded without a restart", async () => {
  server = await startTestServer([static1], { workers: 1 });
  writeTinyStudent(server.folder("two"), { name: "two", score: 0.9 });
  await eventually(async () => expect(await answer()).toMatchObject({ student: "two" }));
  writeTinyStudent(server.folder("two"), { name: "two", score: 0.9, seed: 3, maxTokens: 64 });
  truncateSync(join(server.folder("two"), "tokenizer.json"), 10);
  await eventually(() => expect(server.log.at(-1)).toMatch(/could not load two, the old one stays/));
  const { version } = writeTinyStudent(server.folder("two"), { name: "two", score: 0.9, seed: 4 });
  await eventually(async () => expect(await answer()).toMatchObject({ version }));
});

test("a second folder may not take a name that is served", async () => {
  server = await startTestServer([static1], { workers: 1 });
  writeTinyStudent(join(server.models, "zwei"), { name: "one", seed: 5 });
  await eventually(() => expect(server.log.at(-1)).toMatch(/the name one is taken by the folder one/));
});

test("a task that is over texts in one folder may not be over pairs in another", async () => {
  const over = (input: "text" | "pair") => [declaredTask("rating", input, ["low", "high"])];
  server = await startTestServer([{ ...static1, declared: over("text") }], { workers: 1 });
  writeTinyStudent(join(server.models, "two"), { ...static1, name: "two", declared: over("pair") });
  await eventually(() =>
    expect(server.log.at(-1)).toMatch(/rating is a task over a pair here, and over a text in the/),
  );
  expect((await server.post("/v1/tasks/rating", { inputs: "good" })).status).toBe(200);
});

test("a student whose folder was renamed is served from the new one in the scan that gives up the old one", async () => {
  server = await startTestServer([static1], { workers: 1 });
  const { version } = await answer();
  renameSync(server.folder("one"), server.folder("two"));
  // As often as it takes to believe that a folder is gone.
  for (let scan = 0; scan < 2; scan++) await server.app.registry.scan();
  expect(server.log.some((line) => line.includes("the name one is taken by the folder one"))).toBe(true);
  expect(server.app.registry.students()).toHaveLength(1);
  expect(await answer()).toMatchObject({ student: "one", version });
});

test("a student that was refused for another's task is tried again once that one has changed", async () => {
  const over = (input: "text" | "pair") => [declaredTask("rating", input, ["low", "high"])];
  server = await startTestServer([{ ...static1, declared: over("text") }], { workers: 1 });
  // It is looked at before the one that it waits for.
  writeTinyStudent(server.folder("eins"), { ...static1, name: "eins", declared: over("pair") });
  for (let scan = 0; scan < 2; scan++) await server.app.registry.scan();
  expect(server.app.registry.students()).toHaveLength(1);
  writeTinyStudent(server.folder("one"), { ...static1, seed: 2 });
  await server.app.registry.scan();
  expect(server.app.registry.students()).toHaveLength(2);
  const inputs = { source: "good", target: "gut" };
  expect((await server.post("/v1/tasks/rating", { inputs })).status).toBe(200);
});

test("a removed student is no longer offered, and without any the server is not ready", async () => {
  server = await startTestServer([static1], { workers: 1 });
  rmSync(server.folder("one"), { recursive: true });
  await eventually(async () => expect((await fetch(`${server.url}/health/ready`)).status).toBe(503));
  expect((await server.post("/v1/sentiment", { inputs: "good" })).status).toBe(503);
  writeTinyStudent(server.folder("one"), static1);
  await eventually(async () => expect((await fetch(`${server.url}/health/ready`)).status).toBe(200));
});
