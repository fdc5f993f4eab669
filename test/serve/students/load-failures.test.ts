import { createHash } from "node:crypto";
import { readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LoadFailureReason } from "../../../serve/students/load-failure.ts";
import { createStudentReader } from "../../../serve/students/student-reader.ts";
import type { Manifest, ManifestTask } from "../../../src/contract/manifest.ts";
import { metricNames } from "../../../src/contract/metrics.ts";
import { eventually, seriesValue, startTestServer, type TestServer } from "../../fixtures/test-server.ts";
import { writeTinyStudent } from "../../fixtures/tiny-student.ts";

let server: TestServer;
let served: string;
beforeAll(async () => {
  server = await startTestServer([{ name: "one", layers: 0 }], { workers: 1 });
  served = server.app.registry.students()[0]?.manifest.version ?? "";
}, 60_000);
afterAll(() => server.end());

interface Staged {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** Puts a damaged student of another version in the place of the one that is served. */
function replaceBy(damage: (staged: Staged) => void): void {
  const folder = join(server.models, ".incoming");
  damage({ folder, manifest: writeTinyStudent(folder, { name: "one", seed: 2 }) });
  rmSync(server.folder("one"), { recursive: true });
  renameSync(folder, server.folder("one"));
}

function writeManifest({ folder }: Staged, manifest: object): void {
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
}

/** Another file than the search wrote, with a manifest that knows its hash. */
function replaceFile(staged: Staged, name: string, content: string): void {
  writeFileSync(join(staged.folder, name), content);
  const entry = { sha256: createHash("sha256").update(content).digest("hex"), bytes: content.length };
  writeManifest(staged, { ...staged.manifest, files: { ...staged.manifest.files, [name]: entry } });
}

function changeTask(staged: Staged, name: string, change: (task: ManifestTask) => Partial<ManifestTask>): void {
  const tasks = staged.manifest.tasks.map((task) => (task.name === name ? { ...task, ...change(task) } : task));
  writeManifest(staged, { ...staged.manifest, tasks });
}

const failures: [what: string, reason: LoadFailureReason, damage: (staged: Staged) => void][] = [
  ["a file that was cut", "checksum", ({ folder }) => truncateSync(join(folder, "model.onnx"), 1000)],
  ["a file with a changed byte", "checksum", ({ folder }) => flipByte(join(folder, "model.onnx"))],
  ["an empty file", "checksum", ({ folder }) => truncateSync(join(folder, "model.onnx"), 0)],
  ["a file that is not there", "missing", ({ folder }) => rmSync(join(folder, "tokenizer.json"))],
  ["a graph that is none", "graph", (staged) => replaceFile(staged, "model.onnx", "no graph")],
  ["a tokeniser of another kind", "tokenizer", (staged) => replaceFile(staged, "tokenizer.json", '{"model":{}}')],
  ["a label too many", "shape", (staged) => changeTask(staged, "language", (t) => ({ labels: [...t.labels, "xx"] }))],
  ["a missing label", "labels", (staged) => changeTask(staged, "sentiment", (t) => ({ labels: t.labels.slice(1) }))],
  ["a task of another input", "manifest", (staged) => changeTask(staged, "filter", () => ({ input: "pair" }))],
  ["a newer format", "format", (staged) => writeManifest(staged, { ...staged.manifest, format: 2, more: [] })],
  ["half a manifest", "manifest", ({ folder }) => truncateSync(join(folder, "manifest.json"), 99)],
];

test.each(failures)(
  "a student with %s leaves the old one in place and counts as %s",
  async (_, reason, damage) => {
    const before = await countOf(reason);
    replaceBy(damage);
    await eventually(async () => expect(await countOf(reason)).toBe(before + 1), 30_000);
    const reply = await server.post("/v1/sentiment", { inputs: "good" });
    expect(await reply.json()).toMatchObject({ student: "one", version: served });
    expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
  },
  40_000,
);

test("read() names the file when the folder vanishes between its manifest and its files", async () => {
  const folder = join(server.models, ".vanished");
  const manifest = writeTinyStudent(folder, { name: "vanished" });
  const reader = createStudentReader();
  const reading = reader.read({ id: "v", folder, manifest, maxTokens: 16 }, false);
  // Its threads have yet to start.
  rmSync(folder, { recursive: true });
  await expect(reading).rejects.toMatchObject({ reason: "missing", message: /ENOENT.*vanished/ });
  reader.close();
}, 30_000);

async function countOf(reason: LoadFailureReason): Promise<number> {
  const series = `${metricNames.studentLoadFailures}{reason="${reason}"}`;
  const count = seriesValue(await server.app.metrics.text(), series);
  // Two that are not there would be as many.
  return Number.isNaN(count) ? expect.fail(`no series for ${reason}`) : count;
}

function flipByte(path: string): void {
  const bytes = readFileSync(path);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}
