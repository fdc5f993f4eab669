import { join } from "node:path";
import { parseArgs } from "node:util";
import { noRollouts, standardRolloutRule, withStep, writeRollouts } from "../src/contract/rollout.ts";
import { must } from "../src/invariant.ts";
import { createRandom } from "../src/random.ts";
import { quantile } from "../src/stats.ts";
import { burstyArrivals, type LoadGenerator, type Shot, secondsOf, startLoadGenerator } from "./load-generator.ts";
import { buildServer, startProcess } from "./server-process.ts";
import { closedLoad, serverSettings } from "./swap.ts";
import { createSwappedModels, linkStudent, studentsIn } from "./swapped-models.ts";

/**
 * What shadowing costs: a student alone, and with a copy of itself in the shadow of a share of its requests, by turns. Once in a
 * closed loop, which leaves no time for a shadow (throughput), and once at a rate that leaves some (latency).
 */
export const flags = {
  student: { type: "string" },
  shares: { type: "string", default: "0,0.1,1" },
  rounds: { type: "string", default: "3" },
  seconds: { type: "string", default: "3" },
  connections: { type: "string", default: "8" },
  load: { type: "string", default: "0.3", doc: "share of the closed loop's throughput" },
  models: { type: "string", default: "models" },
} as const;

const version = "00000000c0de";

interface Turn {
  readonly share: number;
  readonly closed: Shot[];
  readonly open: Shot[];
  closedSeconds: number;
  shadowed: number;
  skipped: number;
}

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: flags });
  const [rounds, seconds, connections, load] = [values.rounds, values.seconds, values.connections, values.load].map(
    Number,
  ) as [number, number, number, number];
  const student = values.student ?? must(studentsIn(values.models)[0], "a student");
  buildServer();
  const models = createSwappedModels(values.models, [student]);
  linkStudent(join(models.folder, student), join(models.folder, candidateFolder(student)), version);
  const server = await startProcess([process.execPath, "dist/serve/main.js"], serverSettings(models));
  const generator = startLoadGenerator();
  try {
    const turns = values.shares.split(",").map((share): Turn => newTurn(Number(share)));
    const bench = { generator, url: server.url, models: models.folder, student, seconds, connections };
    const full = await closed(bench);
    const perSecond = full.length / secondsOf(full);
    for (let round = 0; round < rounds; round++)
      for (const turn of turns) await take(bench, turn, perSecond * load, round + 1);
    report(turns, perSecond * load);
  } finally {
    generator.end();
    await server.end();
    models.remove();
  }
}

interface Bench {
  readonly generator: LoadGenerator;
  readonly url: string;
  readonly models: string;
  readonly student: string;
  readonly seconds: number;
  readonly connections: number;
}

function candidateFolder(student: string): string {
  return `.candidates/${student}-${version}`;
}

function newTurn(share: number): Turn {
  return { share, closed: [], open: [], closedSeconds: 0, shadowed: 0, skipped: 0 };
}

async function take(bench: Bench, turn: Turn, perSecond: number, seed: number): Promise<void> {
  await setShare(bench, turn.share);
  const full = await closed(bench);
  turn.closed.push(...full);
  turn.closedSeconds += secondsOf(full);
  const { requests } = closedLoad(bench.url, [bench.student], bench.connections);
  const arrivals = burstyArrivals(perSecond, bench.seconds, requests.length, createRandom(seed));
  turn.open.push(...(await bench.generator.run({ kind: "open", url: bench.url, requests, arrivals })));
  const seen = await rolloutOf(bench);
  turn.shadowed += seen?.texts ?? 0;
  turn.skipped += seen?.skipped ?? 0;
}

function closed({ generator, url, student, connections, seconds }: Bench): Promise<Shot[]> {
  return generator.run({ ...closedLoad(url, [student], connections), seconds });
}

let stages = 0;

/** Another stage each time, so that its counts begin anew; nobody stands beside the student at a share of 0. */
async function setShare(bench: Bench, share: number): Promise<void> {
  const { models, student } = bench;
  const since = new Date(Date.UTC(2026, 0, 1) + 1000 * stages++).toISOString();
  const candidate = { folder: candidateFolder(student), version };
  const stage = { candidate, stage: "shadow", share, stickyBy: "request", since, rule: standardRolloutRule } as const;
  const step = { at: since, to: share === 0 ? "rolled-back" : "shadow", version, reason: "bench" } as const;
  writeRollouts(models, withStep(noRollouts, student, share === 0 ? null : stage, step));
  for (;;) {
    const seen = await rolloutOf(bench);
    if (share === 0 ? seen === undefined : seen?.since === since) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function rolloutOf({ url }: Bench) {
  const body = (await (await fetch(`${url}/v1/students`)).json()) as {
    readonly students: readonly [{ readonly rollout?: { since: string; texts: number; skipped: number } }];
  };
  return body.students[0].rollout;
}

function report(turns: readonly Turn[], perSecond: number): void {
  console.log(`closed loop, and ${perSecond.toFixed(0)} requests/s in bursts`);
  console.table(
    turns.map(({ share, closed: full, open, closedSeconds, shadowed, skipped }) => ({
      share,
      "requests/s": (full.length / closedSeconds).toFixed(0),
      "p99 ms, full": quantileMs(full, 0.99),
      "p50 ms, bursts": quantileMs(open, 0.5),
      "p99 ms, bursts": quantileMs(open, 0.99),
      failed: [...full, ...open].filter(({ status }) => status !== 200).length,
      shadowed,
      skipped,
    })),
  );
}

function quantileMs(shots: readonly Shot[], q: number): string {
  return quantile(
    shots.map(({ latencyMs }) => latencyMs),
    q,
  ).toFixed(2);
}
