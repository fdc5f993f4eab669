import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, truncateSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeTinyStudent } from "../fixtures/tiny-student.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-main-"));
const models = join(root, "models");
beforeAll(() => {
  mkdirSync(models);
  writeTinyStudent(join(models, "tiny"), { name: "tiny", layers: 0 });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Started {
  readonly child: ChildProcess;
  /** All that it has written. */
  readonly output: () => string;
  readonly exitCode: Promise<number | null>;
}

function start(environment: Record<string, string>, ...args: string[]): Started {
  const main = new URL("../../serve/main.ts", import.meta.url).pathname;
  const env = { PATH: process.env.PATH, KDNAS_MODELS: models, PORT: "0", KDNAS_WORKERS: "1", ...environment };
  const child = spawn(process.execPath, ["--import", "tsx", main, ...args], { env });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  return { child, output: () => output, exitCode: once(child, "close").then(([code]) => code) };
}

async function readyUrl({ output, exitCode }: Started): Promise<string> {
  let ended = false;
  void exitCode.then(() => {
    ended = true;
  });
  while (!ended) {
    const url = /"kdnas ready on (http:\S+) /.exec(output())?.[1];
    if (url !== undefined) return url;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`it ended before it was ready: ${output()}`);
}

test("main names its address when it is ready, answers, and ends with 0 on SIGTERM", async () => {
  const started = start({ KDNAS_DRAIN_DELAY_SECONDS: "0" });
  const url = await readyUrl(started);
  const reply = await fetch(`${url}/v1/sentiment`, { method: "POST", body: '{"inputs": "good"}' });
  expect(await reply.json()).toMatchObject({ student: "tiny" });
  started.child.kill("SIGTERM");
  expect(await started.exitCode).toBe(0);
  expect(started.output()).not.toContain("good");
});

test("main says when its port is in use, in one line, and ends with 1", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const port = String((taken.address() as AddressInfo).port);
  const started = start({ PORT: port });
  expect(await started.exitCode).toBe(1);
  expect(started.output()).toMatch(new RegExp(`^kdnas: address already in use 127\\.0\\.0\\.1:${port}; .*PORT.*\\n$`));
  taken.close();
});

test("main refuses wrong settings with 2 and lists the right ones on --help", async () => {
  const [wrong, unknown, help] = [start({ PORT: "http" }), start({}, "--prot", "1"), start({}, "--help")];
  expect(await wrong.exitCode).toBe(2);
  expect(wrong.output()).toMatch(/^kdnas: PORT: .*\n$/);
  expect(await unknown.exitCode).toBe(2);
  expect(await help.exitCode).toBe(0);
  expect(help.output()).toContain("KDNAS_QUEUE_LIMIT");
});

test("main without a student that can be served says why and ends with 1", async () => {
  const damaged = join(root, "damaged");
  mkdirSync(damaged);
  writeTinyStudent(join(damaged, "tiny"), { name: "tiny" });
  truncateSync(join(damaged, "tiny", "model.onnx"), 10);
  const [broken, empty] = [start({ KDNAS_MODELS: damaged }), start({ KDNAS_MODELS: join(root, "nowhere") })];
  expect(await broken.exitCode).toBe(1);
  expect(broken.output()).toMatch(/could not load tiny.*model\.onnx: 10 bytes/);
  expect(await empty.exitCode).toBe(1);
  expect(empty.output()).toMatch(/cannot read the models folder.*nowhere/);
});
