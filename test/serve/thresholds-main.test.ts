import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../fixtures/test-server.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-thresholds-"));
const comments = join(root, "comments.jsonl");
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer([{ name: "only", layers: 0 }], { workers: 1 });
});
afterAll(async () => {
  await server.end();
  rmSync(root, { recursive: true, force: true });
});

function thresholds(lines: readonly unknown[], ...args: string[]) {
  writeFileSync(comments, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const main = fileURLToPath(new URL("../../serve/thresholds-main.ts", import.meta.url));
  const all = ["--import", "tsx", main, "--comments", comments, "--url", server.url, ...args];
  return new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, all, (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr }));
  });
}

test("npm run thresholds reports on labels and on former scores, whichever there are", async () => {
  const lines = Array.from({ length: 40 }, (_, i) => ({
    ...{ text: `good phone ${i}`, toxic: i % 4 === 0 },
    ...(i < 20 && { perspective: i / 20 }),
  }));
  const { code, stdout } = await thresholds(lines, "--was", "0.75");
  expect(stdout).toContain("20 comments with a former score: 0.75 flagged 25.0 %");
  expect(stdout).toContain("40 labelled comments, 10 of them toxic");
  expect(stdout).toContain("best F1:");
  expect(code).toBe(0);
});

test("npm run thresholds names the line that it cannot read, and not what is in it", async () => {
  const { code, stderr } = await thresholds([{ text: "good" }, { text: 5, toxic: "secret" }]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/comments\.jsonl:2: expected an object with a text/);
  expect(stderr).not.toContain("secret");
});

test("npm run thresholds says which file is not there", async () => {
  const { code, stderr } = await thresholds([], "--comments", join(root, "nowhere.jsonl"));
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error: .*nowhere\.jsonl: cannot be read: ENOENT/);
});
