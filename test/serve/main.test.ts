import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, truncateSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { must } from "../../src/invariant.ts";
import { type Running, start as startCommand, untilWritten } from "../e2e/command-line.ts";
import { writeTinyStudent } from "../fixtures/tiny-student.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-main-"));
const models = join(root, "models");
beforeAll(() => {
  mkdirSync(models);
  writeTinyStudent(join(models, "tiny"), { name: "tiny", layers: 0 });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function start(environment: Record<string, string>, ...args: string[]): Running {
  return startCommand("serve/main.ts", args, { KDNAS_MODELS: models, PORT: "0", KDNAS_WORKERS: "1", ...environment });
}

const outputOf = ({ stdout, stderr }: Running) => stdout() + stderr();

async function readyUrl(started: Running): Promise<string> {
  await untilWritten(started, " s with tiny");
  return must(/"kdnas ready on (http:\S+) /.exec(started.stdout())?.[1]);
}

test("main names its address when it is ready, answers, and ends with 0 on SIGTERM", async () => {
  const started = start({ KDNAS_DRAIN_DELAY_SECONDS: "0" });
  const url = await readyUrl(started);
  const reply = await fetch(`${url}/v1/sentiment`, { method: "POST", body: '{"inputs": "good"}' });
  expect(await reply.json()).toMatchObject({ student: "tiny" });
  started.child.kill("SIGTERM");
  expect(await started.ended).toBe(0);
  expect(outputOf(started)).not.toContain("good");
});

test("main says when its port is in use, in one line, and ends with 1", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void taken.close());
  await once(taken, "listening");
  const port = String((taken.address() as AddressInfo).port);
  const started = start({ PORT: port });
  expect(await started.ended).toBe(1);
  expect(outputOf(started)).toMatch(new RegExp(`^kdnas: address already in use 127\\.0\\.0\\.1:${port}; .*PORT.*\\n$`));
});

test("main refuses wrong settings with 2 and lists the right ones on --help", async () => {
  const [wrong, unknown, help] = [start({ PORT: "http" }), start({}, "--prot", "1"), start({}, "--help")];
  expect(await wrong.ended).toBe(2);
  expect(outputOf(wrong)).toMatch(/^kdnas: PORT: .*\n$/);
  expect(await unknown.ended).toBe(2);
  expect(await help.ended).toBe(0);
  expect(outputOf(help)).toContain("KDNAS_QUEUE_LIMIT");
});

test("main without a student that can be served says why and ends with 1", async () => {
  const damaged = join(root, "damaged");
  mkdirSync(damaged);
  writeTinyStudent(join(damaged, "tiny"), { name: "tiny" });
  truncateSync(join(damaged, "tiny", "model.onnx"), 10);
  const [broken, empty] = [start({ KDNAS_MODELS: damaged }), start({ KDNAS_MODELS: join(root, "nowhere") })];
  expect(await broken.ended).toBe(1);
  expect(outputOf(broken)).toMatch(/could not load tiny.*model\.onnx: 10 bytes/);
  expect(await empty.ended).toBe(1);
  expect(outputOf(empty)).toMatch(/cannot read the models folder.*nowhere/);
});
