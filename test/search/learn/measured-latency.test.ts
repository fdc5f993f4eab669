import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { addTasks } from "../../../search/learn/add-tasks.ts";
import { type Manifest, readManifest } from "../../../src/contract/manifest.ts";
import { writeTinyStudent } from "../../fixtures/tiny-student.ts";
import { corpusOf, isPolar, madeConfig, polar } from "../made-student.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-measured-"));
afterAll(() => rmSync(root, { recursive: true }));

/** The manifest that is written for a student with another task. */
async function withPolar(manifest: Manifest): Promise<Manifest> {
  const files = { folder: join(root, "one"), names: Object.keys(manifest.files) };
  const folder = join(root, "more");
  await addTasks(madeConfig, corpusOf(polar, isPolar), { manifest, files }, folder, () => {});
  return readManifest(join(folder, "manifest.json"));
}

test("addTasks() keeps the day on which the latency was measured, which of an earlier student is that of its manifest", async () => {
  const earlier = writeTinyStudent(join(root, "one"), { name: "one" });
  const added = await withPolar(earlier);
  expect(added.latency).toEqual({ ...earlier.latency, measured: earlier.created });
  expect(added.created).not.toBe(earlier.created);
  const measured = "2025-06-30T12:00:00Z";
  const again = await withPolar({ ...earlier, latency: { ...earlier.latency, measured } });
  expect(again.latency.measured).toBe(measured);
});
