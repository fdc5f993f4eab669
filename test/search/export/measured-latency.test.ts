import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { describeStudent } from "../../../search/export/export-student.ts";
import { description, writeStudent } from "./written-student.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-measured-"));
afterAll(() => rmSync(root, { recursive: true }));

test("describeStudent() dates a latency that was just measured, and leaves the date of one that was taken over", () => {
  const files = writeStudent(join(root, "run"));
  const fresh = describeStudent(files, description);
  expect(fresh.latency).toEqual({ ...description.latency, measured: fresh.created });
  const measured = "2025-06-30T12:00:00Z";
  const latency = { ...description.latency, measured };
  expect(describeStudent(files, { ...description, latency }).latency.measured).toBe(measured);
});
