import { parseArgs } from "node:util";
import { quantile } from "../src/stats.ts";
import { postRequest } from "./http-connection.ts";
import { type LoadGenerator, type Shot, startLoadGenerator } from "./load-generator.ts";
import { buildServer, startProcess } from "./server-process.ts";
import { createSwappedModels, type SwappedModels } from "./swapped-models.ts";

export const flags = {
  swaps: { type: "string", default: "100" },
  seconds: { type: "string", default: "5" },
  connections: { type: "string", default: "4" },
  models: { type: "string", default: "models" },
  student: { type: "string", multiple: true, default: [] as string[] },
} as const;

/**
 * Hot swaps under load: the same closed loop with and without swaps, by turns, until as many swaps as were asked for have
 * come through. Says how many requests failed and what swapping does to the latency.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: flags });
  buildServer();
  const models = createSwappedModels(values.models, values.student);
  const server = await startProcess([process.execPath, "dist/serve/main.js"], serverSettings(models));
  const generator = startLoadGenerator();
  try {
    const settings = { swaps: Number(values.swaps), seconds: Number(values.seconds) };
    const load = closedLoad(server.url, models.students, Number(values.connections));
    report(await takeTurns(generator, load, server.url, models, settings), settings.swaps);
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

type LoadWithoutTime = ReturnType<typeof closedLoad>;

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

interface Turns {
  readonly quiet: Shot[];
  readonly swapping: Shot[];
  readonly swapMs: number[];
}

async function takeTurns(
  generator: LoadGenerator,
  load: LoadWithoutTime,
  url: string,
  models: SwappedModels,
  { swaps, seconds }: { readonly swaps: number; readonly seconds: number },
): Promise<Turns> {
  const turns: Turns = { quiet: [], swapping: [], swapMs: [] };
  await generator.run({ ...load, seconds: Math.min(2, seconds) });
  while (turns.swapMs.length < swaps) {
    turns.quiet.push(...(await generator.run({ ...load, seconds })));
    await whileSwapping(swapFor(url, models, turns.swapMs, { swaps, seconds }), async () => {
      turns.swapping.push(...(await generator.run({ ...load, seconds: 1 })));
    });
  }
  return turns;
}

async function swapFor(
  url: string,
  models: SwappedModels,
  swapMs: number[],
  { swaps, seconds }: { readonly swaps: number; readonly seconds: number },
): Promise<void> {
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

function report({ quiet, swapping, swapMs }: Turns, swaps: number): void {
  const rows = Object.entries({ quiet, swapping }).map(([turn, shots]) => ({
    turn,
    requests: shots.length,
    failed: shots.filter(({ status }) => status !== 200).length,
    "p50 ms": quantileOf(shots, 0.5).toFixed(2),
    "p99 ms": quantileOf(shots, 0.99).toFixed(2),
  }));
  console.table(rows);
  const ratio = quantileOf(swapping, 0.99) / quantileOf(quiet, 0.99);
  console.log(`${swaps} swaps, ${quantile(swapMs, 0.5).toFixed(0)} ms each (median); p99 ratio ${ratio.toFixed(2)}`);
}

function quantileOf(shots: readonly Shot[], q: number): number {
  return quantile(
    shots.map(({ latencyMs }) => latencyMs),
    q,
  );
}
