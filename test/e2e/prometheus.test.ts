import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { productionPath, readProduction } from "../../search/reward/production/production-file.ts";
import type { Manifest } from "../../src/contract/manifest.ts";
import { machine } from "../../src/onnx/machine.ts";
import { eventually, startTestServer } from "../fixtures/test-server.ts";
import { start } from "./command-line.ts";

/** A real Prometheus, as Debian's package of that name installs it. */
const isThere = spawnSync("prometheus", ["--version"]).status === 0;
/** Timings far from what any machine takes would be refused as a mix-up. */
const latencyMs = [0.3, 0.5, 1] as const;
const students = [
  { name: "large", layers: 1, latencyMs },
  { name: "small", layers: 0, latencyMs },
];
const root = mkdtempSync(join(tmpdir(), "kdnas-prometheus-"));
let prometheus: ChildProcess | undefined;
afterAll(() => {
  prometheus?.kill("SIGKILL");
  rmSync(root, { recursive: true, force: true });
});

test.skipIf(!isThere)(
  "search/main.ts --metrics reads a real Prometheus that scrapes a real server (skipped where prometheus is not on PATH)",
  async () => {
    const server = await startTestServer(students);
    try {
      const models = timedHere(server.models, ["large", "small"]);
      const url = await scrape(server.url.replace("http://", ""));
      for (let second = 0; second < 8; second++) {
        for (const student of ["large", "small"]) await ask(server.post, student, second);
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
      const found = start("search/main.ts", ["--metrics", url, "--window", "1m", "--models", models, "--runs", root]);
      expect(await found.ended, found.stderr()).toBe(0);
      expect(found.stdout()).toMatch(/^Production: \d+\.\d tokens a text, .* \(1 server, 1 min; /);
      expect(found.stdout()).toMatch(/^sentiment +\d+ /m);
      for (const student of ["large", "small"])
        expect(found.stdout()).toMatch(new RegExp(`^${student} +\\S+ +\\d+ `, "m"));
      const { students: fitted, shape } = readProduction(productionPath(root, "full-seed1"));
      expect(fitted.map(({ name }) => name)).toEqual(["large", "small"]);
      expect(shape.lengths.length).toBeGreaterThan(1);
    } finally {
      await server.end();
    }
  },
  120_000,
);

/** The manifests of these students as if they had been timed on this machine, in a folder of their own. */
function timedHere(models: string, names: readonly string[]): string {
  const folder = join(root, "models");
  for (const name of names) {
    const manifest = JSON.parse(readFileSync(join(models, name, "manifest.json"), "utf8")) as Manifest;
    mkdirSync(join(folder, name), { recursive: true });
    const latency = { ...manifest.latency, ...machine() };
    writeFileSync(join(folder, name, "manifest.json"), JSON.stringify({ ...manifest, latency }));
  }
  return folder;
}

/** Starts a Prometheus that asks `target` each second; resolves with its address once it has asked. */
async function scrape(target: string): Promise<string> {
  const config = join(root, "prometheus.yml");
  const job = `  - job_name: kdnas\n    static_configs:\n      - targets: ["${target}"]\n`;
  writeFileSync(config, `global:\n  scrape_interval: 1s\nscrape_configs:\n${job}`);
  const address = `127.0.0.1:${await freePort()}`;
  const flags = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(root, "tsdb")}`,
    `--web.listen-address=${address}`,
  ];
  prometheus = spawn("prometheus", flags, { stdio: "ignore" });
  await eventually(async () => {
    const answer = await fetch(`http://${address}/api/v1/query?query=kdnas_machine_info`);
    expect(await answer.text()).toContain(target);
  }, 60_000);
  return `http://${address}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Short texts and long ones; each is answered. */
async function ask(post: (route: string, body: unknown) => Promise<Response>, student: string, round: number) {
  const inputs = Array.from({ length: 16 }, (_, i) => "good and bad ".repeat(i % 4 === 0 ? 20 : 1 + ((i + round) % 3)));
  const reply = await post("/v1/sentiment", { inputs, student });
  expect(reply.status).toBe(200);
}
