import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileEntry } from "../search/export/export-student.ts";
import { randomStudent } from "../search/student/random-student.ts";
import type { Architecture } from "../src/contract/architecture.ts";
import { type Manifest, readManifest } from "../src/contract/manifest.ts";
import { type LoadGenerator, startLoadGenerator } from "./load-generator.ts";
import { texts } from "./mixed-texts.ts";
import { buildServer, freePort, type ServerProcess, startProcess } from "./server-process.ts";
import { type Run, shoot, type TextLoad, toFigures } from "./shoot.ts";

/**
 * Throughput beside what one would build otherwise from the same ONNX file on the same two cores: FastAPI and LitServe
 * (from PyPI: fastapi, uvicorn[standard], litserve, onnxruntime, tokenizers, numpy, in the interpreter that `--python` names; without it
 * they are left out), Express and node:http in two processes. The load takes its part of the cores. Rounds are interleaved; the
 * table shows the median round of each.
 */
export const flags = {
  python: { type: "string" },
  rounds: { type: "string", default: "5" },
  seconds: { type: "string", default: "4" },
  student: { type: "string", default: "models/budget-0.1ms", doc: "folder of a static student" },
  only: { type: "string", default: "" },
} as const;

/** The larger student: random weights, since speed does not depend on what they say. */
const large: Omit<Architecture, "vocabulary"> = {
  layers: 3,
  hidden: 384,
  heads: 12,
  ffn: 1536,
  activation: "gelu",
  tableWidth: 128,
};

const loads: readonly TextLoad[] = [
  { connections: 32, texts: 1 },
  { connections: 8, texts: 32 },
];

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: flags });
  const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)] as const;
  buildServer();
  const home = mkdtempSync(join(tmpdir(), "kdnas-peers-"));
  const generator = startLoadGenerator();
  try {
    for (const student of [values.student, writeLarge(home, values.student)]) {
      const wanted = contestants(values.python, home).filter(({ name }) => name.includes(values.only));
      const lines = await compare(generator, student, wanted, rounds, seconds);
      console.log(`\n${readManifest(join(student, "manifest.json")).name}, ${rounds} rounds of ${seconds} s`);
      console.table(lines);
    }
  } finally {
    generator.end();
    rmSync(home, { recursive: true, force: true });
  }
}

interface Contestant {
  readonly name: string;
  /** @param student its folder. */
  start(student: string): Promise<ServerProcess>;
}

/** @param home a folder for what they need of their own. */
function contestants(python: string | undefined, home: string): Contestant[] {
  const peers = "bench/peers";
  const fastApi = [
    python ?? "",
    "-m",
    "uvicorn",
    "fastapi_app:app",
    "--app-dir",
    peers,
    "--workers",
    "2",
    "--no-access-log",
    "--timeout-worker-healthcheck",
    "60",
  ];
  return [
    { name: "kdnas", start: (student) => startOurs(student, home) },
    ...(python === undefined
      ? []
      : [
          { name: "FastAPI", start: peer((port) => [...fastApi, "--port", port]) },
          { name: "LitServe", start: peer(() => [python, `${peers}/litserve_app.py`]) },
        ]),
    {
      name: "Express + transformers.js",
      start: peer(() => [process.execPath, `${peers}/express.mjs`, "transformers"]),
    },
    { name: "Express + tokenizers", start: peer(() => [process.execPath, `${peers}/express.mjs`, "native"]) },
    { name: "node:http + tokenizers", start: peer(() => [process.execPath, `${peers}/node-http.mjs`]) },
  ];
}

function startOurs(student: string, home: string): Promise<ServerProcess> {
  const models = mkdtempSync(join(home, "models-"));
  copyStudent(student, join(models, "student"));
  return startProcess([process.execPath, "dist/serve/main.js"], {
    PORT: "0",
    KDNAS_MODELS: models,
    KDNAS_WORKERS: "2",
  });
}

function peer(commandFor: (port: string) => readonly string[]): Contestant["start"] {
  return async (student) => {
    const port = String(await freePort());
    const url = `http://127.0.0.1:${port}`;
    const probe = async () => (await askOnce(url)).ok;
    return await startProcess(commandFor(port), { PORT: port, STUDENT: student }, { url, probe });
  };
}

function askOnce(url: string): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return fetch(`${url}/v1/sentiment`, { method: "POST", headers, body: JSON.stringify({ inputs: texts.slice(0, 2) }) });
}

async function compare(
  generator: LoadGenerator,
  student: string,
  wanted: readonly Contestant[],
  rounds: number,
  seconds: number,
) {
  const running: { name: string; server: ServerProcess; runs: Map<TextLoad, Run[]> }[] = [];
  try {
    for (const { name, start } of wanted) running.push({ name, server: await start(student), runs: new Map() });
    await checkAnswers(running);
    for (let round = 0; round <= rounds; round++)
      for (const load of loads)
        for (const { server, runs } of running) {
          const measured = await shoot(generator, server, load, round === 0 ? 1 : seconds);
          if (round > 0) runs.set(load, [...(runs.get(load) ?? []), measured]);
        }
    return running.flatMap(({ name, server, runs }) =>
      loads.map((load) => ({
        server: name,
        ...toFigures(load, runs.get(load) ?? []),
        "memory MiB": Math.round(server.memoryMiB()),
      })),
    );
  } finally {
    for (const { server } of running) await server.end();
  }
}

/** A peer that computes something else would be no peer: labels and scores have to agree. */
async function checkAnswers(running: readonly { name: string; server: ServerProcess }[]): Promise<void> {
  const answers = await Promise.all(
    running.map(async ({ server }) => {
      const { results } = (await (await askOnce(server.url)).json()) as { results: { label: string; score: number }[] };
      return results;
    }),
  );
  for (const [i, results] of answers.entries())
    for (const [j, { label, score }] of results.entries()) {
      const ours = answers[0]?.[j];
      if (label !== ours?.label || Math.abs(score - ours.score) > 0.02)
        throw new Error(`${running[i]?.name} says ${label} ${score}, we say ${ours?.label} ${ours?.score}`);
    }
}

/** A student folder with the larger graph, and the tokeniser and the labels of the static one. */
function writeLarge(home: string, like: string): string {
  const manifest = readManifest(join(like, "manifest.json"));
  const folder = join(home, "random-3x384");
  mkdirSync(folder);
  const sentiment = manifest.tasks.find(({ name }) => name === "sentiment");
  if (sentiment === undefined) throw new Error(`${like} has no sentiment`);
  const architecture = { ...large, vocabulary: manifest.architecture.vocabulary };
  const heads = [{ task: sentiment.name, input: "text" as const, labels: sentiment.labels.length }];
  writeFileSync(join(folder, "model.onnx"), randomStudent(architecture, { heads, positions: 512 }));
  copyFileSync(join(like, "tokenizer.json"), join(folder, "tokenizer.json"));
  const files = Object.fromEntries(
    ["model.onnx", "tokenizer.json"].map((name) => [name, fileEntry(join(folder, name))]),
  );
  const own: Manifest = { ...alone(manifest), name: "random-3x384", architecture, tasks: [sentiment], files };
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(own));
  return folder;
}

function copyStudent(from: string, to: string): void {
  mkdirSync(to);
  const manifest = readManifest(join(from, "manifest.json"));
  for (const name of Object.keys(manifest.files)) copyFileSync(join(from, name), join(to, name));
  writeFileSync(join(to, "manifest.json"), JSON.stringify(alone(manifest)));
}

/** Without what peers do not compute: they run its encoder's graph. */
function alone({ ngrams, ensemble, cascade, ...manifest }: Manifest): Manifest {
  return manifest;
}
