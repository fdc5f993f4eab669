import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeTinyStudent } from "../../fixtures/tiny-student.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-telemetry-"));
const models = join(root, "models");
beforeAll(() => {
  mkdirSync(models);
  writeTinyStudent(join(models, "tiny"), { name: "tiny", layers: 0 });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Opens a session in a process with a home of its own, and says what the library has left there. */
function filesLeftBy(script: string): string[] {
  const home = mkdtempSync(join(root, "home-"));
  const file = join(root, "open.mts");
  writeFileSync(file, script);
  const env = { PATH: process.env.PATH, HOME: home };
  const { status, stderr } = spawnSync(process.execPath, ["--import", "tsx", file], { env, cwd: process.cwd() });
  expect(status, String(stderr)).toBe(0);
  return readdirSync(home, { recursive: true }).map(String);
}

const source = (path: string) => new URL(`../../../${path}`, import.meta.url).pathname;

test("openSession() leaves no trace of a telemetry client in the user's home", () => {
  const model = JSON.stringify(join(models, "tiny", "model.onnx"));
  const open = `import { openSession } from ${JSON.stringify(source("src/onnx/session.ts"))};
    await openSession(${model}, { threads: 1 }); await new Promise((resolve) => setTimeout(resolve, 300));`;
  expect(filesLeftBy(open).filter((path) => /onnxruntime|Microsoft/.test(path))).toEqual([]);
}, 60_000);

test("nor do the server's threads, which have a copy of the environment only", () => {
  const serve = `import { startServer } from ${JSON.stringify(source("serve/server.ts"))};
    import { createLog } from ${JSON.stringify(source("serve/log.ts"))};
    import { readConfig } from ${JSON.stringify(source("serve/config.ts"))};
    const config = readConfig(["--port", "0", "--workers", "1", "--models", ${JSON.stringify(models)}], {});
    const server = await startServer(config, createLog(process.stderr, "error"));
    await server.loaded; await server.drain(300); process.exit(server.app.registry.students().length - 1);`;
  expect(filesLeftBy(serve).filter((path) => /onnxruntime|Microsoft/.test(path))).toEqual([]);
}, 60_000);
