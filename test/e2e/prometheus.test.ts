import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { productionPath, readProduction } from "../../search/reward/production/production-file.ts";
import type { Manifest } from "../../src/contract/manifest.ts";
import { machine } from "../../src/onnx/machine.ts";
import { hasPrometheus, needsPrometheus, type Prometheus, scrape } from "../fixtures/real-prometheus.ts";
import { startTestServer } from "../fixtures/test-server.ts";
import { start } from "./command-line.ts";

/** Timings far from what any machine takes would be refused as a mix-up. */
const latencyMs = [0.3, 0.5, 1] as const;
const students = [
  { name: "large", layers: 1, latencyMs },
  { name: "small", layers: 0, latencyMs },
];
const root = mkdtempSync(join(tmpdir(), "kdnas-prometheus-"));
let prometheus: Prometheus | undefined;
afterAll(() => {
  prometheus?.end();
  rmSync(root, { recursive: true, force: true });
});

test.skipIf(!hasPrometheus)(
  `search/main.ts --metrics reads a real Prometheus that scrapes a real server${needsPrometheus}`,
  async () => {
    const server = await startTestServer(students);
    try {
      const models = timedHere(server.models, ["large", "small"]);
      prometheus = await scrape(server.url.replace("http://", ""), join(root, "prometheus"));
      for (let second = 0; second < 8; second++) {
        for (const student of ["large", "small"]) await ask(server.post, student, second);
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
      const found = start("search/main.ts", [
        "--metrics",
        prometheus.url,
        "--window",
        "1m",
        "--models",
        models,
        "--runs",
        root,
      ]);
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

/** Short texts and long ones; each is answered. */
async function ask(post: (route: string, body: unknown) => Promise<Response>, student: string, round: number) {
  const inputs = Array.from({ length: 16 }, (_, i) => "good and bad ".repeat(i % 4 === 0 ? 20 : 1 + ((i + round) % 3)));
  const reply = await post("/v1/sentiment", { inputs, student });
  expect(reply.status).toBe(200);
}
