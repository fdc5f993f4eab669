import { parseArgs } from "node:util";
import { createRandom } from "../src/random.ts";
import { quantile } from "../src/stats.ts";
import { postRequest } from "./http-connection.ts";
import { burstyArrivals, type LoadGenerator, type Shot, secondsOf, startLoadGenerator } from "./load-generator.ts";
import { buildServer, startProcess } from "./server-process.ts";
import { createSwappedModels, type SwappedModels } from "./swapped-models.ts";

export const flags = {
  swaps: { type: "string", default: "100" },
  seconds: { type: "string", default: "5" },
  connections: { type: "string", default: "4", doc: "of the closed loop that the throughput is measured with" },
  load: { type: "string", default: "0.3", doc: "share of the closed loop's throughput" },
  models: { type: "string", default: "models" },
  student: { type: "string", multiple: true, default: [] as string[] },
} as const;

/**
 * Hot swaps under load: requests in bursts with and without swaps, by turns, until as many swaps as were asked for have
 * come through. Says how many requests failed and what swapping does to the latency. Requests come at times that were
 * fixed before: a closed loop sends none while the server stands still, and so hardly sees that it did.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: flags });
  buildServer();
  const models = createSwappedModels(values.models, values.student);
  const server = await startProcess([process.execPath, "dist/serve/main.js"], serverSettings(models));
  const generator = startLoadGenerator();
  try {
    const [swaps, seconds] = [Number(values.swaps), Number(values.seconds)];
    const load = closedLoad(server.url, models.students, Number(values.connections));
    const perSecond = Number(values.load) * (await throughput(generator, load, seconds));
    const bench = { generator, url: server.url, models, requests: load.requests, perSecond };
    report(await takeTurns(bench, swaps, seconds), perSecond);
  } finally {
    generator.end();
    await server.end();
    models.remove();
  }
}

/** With the allocator's arenas as in the image. */
export function serverSettings({ folder }: SwappedModels): Record<string, string> {
  return { PORT: "0", KDNAS_MODELS: folder, MALLOC_ARENA_MAX: "2" };
}

const texts = [
  "I love this phone, the battery lasts two days and the screen is great.",
  "Das Essen war leider kalt, aber die Bedienung war sehr freundlich.",
  "この映画は本当に面白かった。もう一度見たいです。",
  "الخدمة كانت ممتازة والموظفون لطفاء جدا",
  "ok",
];

/** Every student answers every text. */
export function closedLoad(url: string, students: readonly string[], connections: number) {
  const target = new URL("/v1/sentiment", url);
  const requests = students.flatMap((student) => texts.map((inputs) => postRequest(target, { inputs, student })));
  return { kind: "closed", url, requests, connections } as const;
}

interface Bench {
  readonly generator: LoadGenerator;
  readonly url: string;
  readonly models: SwappedModels;
  readonly requests: readonly string[];
  readonly perSecond: number;
}

/** Requests a second, after a while in which the server warms up. */
async function throughput(
  generator: LoadGenerator,
  load: ReturnType<typeof closedLoad>,
  seconds: number,
): Promise<number> {
  await generator.run({ ...load, seconds: Math.min(2, seconds) });
  const shots = await generator.run({ ...load, seconds });
  return shots.length / secondsOf(shots);
}

interface Turns {
  readonly quiet: Shot[];
  readonly swapping: Shot[];
  readonly swapMs: number[];
}

/** Both turns are made of seconds, since arrivals begin with a burst. */
async function takeTurns(bench: Bench, swaps: number, seconds: number): Promise<Turns> {
  const turns: Turns = { quiet: [], swapping: [], swapMs: [] };
  const random = createRandom(1);
  const shootOneSecond = () => {
    const { generator, url, requests, perSecond } = bench;
    const arrivals = burstyArrivals(perSecond, 1, requests.length, random);
    return generator.run({ kind: "open", url, requests, arrivals });
  };
  while (turns.swapMs.length < swaps) {
    for (let second = 0; second < seconds; second++) turns.quiet.push(...(await shootOneSecond()));
    await whileSwapping(swapFor(bench, turns.swapMs, swaps, seconds), async () => {
      turns.swapping.push(...(await shootOneSecond()));
    });
  }
  return turns;
}

async function swapFor({ url, models }: Bench, swapMs: number[], swaps: number, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end && swapMs.length < swaps) swapMs.push(await swapOne(url, models));
}

/** The load goes on until the last swap has come through, however long that takes. */
async function whileSwapping(swapping: Promise<void>, shoot: () => Promise<void>): Promise<void> {
  let open = true;
  const done = swapping.finally(() => {
    open = false;
  });
  while (open) await shoot();
  await done;
}

/** Often enough to know how long a swap takes, seldom enough to be no load of its own: a reply lists all scores. */
const pollMs = 50;

let next = 0;

/** Replaces the students by turns; returns how long it took until the new version answered, ms. */
export async function swapOne(url: string, models: SwappedModels): Promise<number> {
  const student = models.students[next++ % models.students.length] as string;
  const version = models.swap(student);
  const started = performance.now();
  while (!(await versions(url)).includes(version)) {
    if (performance.now() - started > 60_000) throw new Error(`${student} was not swapped within a minute`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  return performance.now() - started;
}

async function versions(url: string): Promise<string[]> {
  const body = (await (await fetch(`${url}/v1/students`)).json()) as {
    readonly students: { readonly version: string }[];
  };
  return body.students.map(({ version }) => version);
}

function report({ quiet, swapping, swapMs }: Turns, perSecond: number): void {
  console.log(`${perSecond.toFixed(0)} requests/s in bursts`);
  const rows = Object.entries({ quiet, swapping }).map(([turn, shots]) => ({
    turn,
    requests: shots.length,
    failed: shots.filter(({ status }) => status !== 200).length,
    "p50 ms": quantileOf(shots, 0.5).toFixed(2),
    "p99 ms": quantileOf(shots, 0.99).toFixed(2),
    "p99.9 ms": quantileOf(shots, 0.999).toFixed(2),
    "max ms": quantileOf(shots, 1).toFixed(2),
    "generator late p99 ms": lateMs(shots).toFixed(1),
  }));
  console.table(rows);
  const ratioAt = (q: number) => (quantileOf(swapping, q) / quantileOf(quiet, q)).toFixed(2);
  const medianMs = quantile(swapMs, 0.5).toFixed(0);
  console.log(
    `${swapMs.length} swaps, ${medianMs} ms each (median); p99 ratio ${ratioAt(0.99)}, p99.9 ratio ${ratioAt(0.999)}`,
  );
}

function quantileOf(shots: readonly Shot[], q: number): number {
  return quantile(
    shots.map(({ latencyMs }) => latencyMs),
    q,
  );
}

/** Above a few ms the figures say more about the generator than about the server. */
function lateMs(shots: readonly Shot[]): number {
  return quantile(
    shots.map(({ sentLateMs }) => sentLateMs),
    0.99,
  );
}
