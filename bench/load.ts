import { parseArgs } from "node:util";
import type { Score } from "../src/contract/manifest.ts";
import { meanScore } from "../src/contract/mean-score.ts";
import { must } from "../src/invariant.ts";
import { createRandom } from "../src/random.ts";
import { quantile } from "../src/stats.ts";
import { taskNamed } from "../src/tasks/index.ts";
import { dataFlags, dataFolders } from "./data-folders.ts";
import { postRequest } from "./http-connection.ts";
import { type LabelledText, labelledTexts } from "./labelled-texts.ts";
import {
  type Arrival,
  burstyArrivals,
  type Load,
  type LoadGenerator,
  type Shot,
  secondsOf,
  startLoadGenerator,
} from "./load-generator.ts";
import { buildServer, type ServerProcess, startProcess } from "./server-process.ts";

/**
 * Latency budgets under a bursty open-loop load, at shares of what the most accurate student can just carry: the server's
 * own choice of student against each student alone, with the same budget, and without one in a server whose queue takes
 * all that comes (what a server does that neither chooses nor sheds). Texts are labelled validation rows, so that what
 * counts is correct answers in time.
 */
export const flags = {
  ...dataFlags,
  task: { type: "string", default: "sentiment" },
  "budget-ms": { type: "string", default: "25" },
  seconds: { type: "string", default: "5" },
  rounds: { type: "string", default: "3" },
  "rest-seconds": {
    type: "string",
    default: "15",
    doc:
      "rest of a server between two policies, so that half of what it learned in the last one is\n" +
      "      forgotten: most of a run, which takes some 20 minutes with four students and all else as it is here",
  },
  loads: { type: "string", default: "0.5,1,2,4" },
  models: { type: "string", default: "models" },
  capacity: { type: "string", doc: "requests a second, where it has been measured before" },
} as const;

interface Policy {
  readonly name: string;
  readonly student?: string;
  readonly budgetMs?: number;
}

interface Tally {
  offered: number;
  accepted: number[];
  sentLateMs: number[];
  inTime: number;
  correct: number;
  shed: number;
  failed: number;
  readonly students: Map<string, number>;
}

/** What a server needs to shed nothing: more places than requests ever come. */
const withoutEnd = { KDNAS_QUEUE_LIMIT: "1000000", KDNAS_MAX_CONNECTIONS: "1000000" };

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: flags });
  const [budgetMs, seconds, rounds] = [Number(values["budget-ms"]), Number(values.seconds), Number(values.rounds)];
  const restMs = 1000 * Number(values["rest-seconds"]);
  const texts = await labelledTexts(dataFolders(values.data), values.task, 4000);
  buildServer();
  const servers: ServerProcess[] = [];
  const start = async (settings: Readonly<Record<string, string>>): Promise<Target> => {
    const environment = { PORT: "0", KDNAS_MODELS: values.models, ...settings };
    const server = await startProcess([process.execPath, "dist/serve/main.js"], environment);
    servers.push(server);
    return { url: `${server.url}/v1/${taskNamed(values.task).route ?? values.task}`, idleSince: performance.now() };
  };
  const generator = startLoadGenerator();
  try {
    const [usual, unbounded] = [await start({}), await start(withoutEnd)];
    const bench = { generator, usual, unbounded, texts, budgetMs, seconds, rounds, restMs };
    const students = await studentsOf(usual, values.task);
    const best = must(students[0], "a student");
    await warm(bench, students);
    const capacity = Number(values.capacity ?? (await measureCapacity(bench, best)));
    console.log(
      `${texts.length} texts of ${values.task}; ${best} alone carries ${capacity.toFixed(0)} requests/s; budget ${budgetMs} ms`,
    );
    for (const load of values.loads.split(",").map(Number)) await compare(bench, students, load, capacity);
  } finally {
    generator.end();
    for (const server of servers) await server.end();
  }
}

/** A server's route. */
interface Target {
  readonly url: string;
  /** By `performance.now()`. */
  idleSince: number;
}

interface Bench {
  readonly generator: LoadGenerator;
  readonly usual: Target;
  /** For requests without a budget. */
  readonly unbounded: Target;
  readonly texts: readonly LabelledText[];
  readonly budgetMs: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly restMs: number;
}

/** Names of the students that have the task, the most accurate first, by the mean that the server chooses by. */
async function studentsOf({ url }: Target, task: string): Promise<string[]> {
  interface Described {
    readonly name: string;
    readonly tasks: readonly { readonly name: string }[];
    readonly scores: readonly Score[];
  }
  const body = (await (await fetch(new URL("/v1/students", url))).json()) as { students: Described[] };
  const accuracy = ({ scores }: Described) => {
    const own = scores.filter((score) => score.task === task);
    return own.length === 0 ? Number.NEGATIVE_INFINITY : meanScore(own);
  };
  const able = body.students.filter(({ tasks }) => tasks.some(({ name }) => name === task));
  return able.sort((a, b) => accuracy(b) - accuracy(a)).map(({ name }) => name);
}

/** Whoever is measured first shall not be the slower for it. */
async function warm(bench: Bench, students: readonly string[]): Promise<void> {
  for (const target of [bench.usual, bench.unbounded])
    for (const student of students) await shootClosed(bench, target, student, 1);
}

/** Requests a second of single texts that 32 connections get out of one student. */
async function measureCapacity(bench: Bench, student: string): Promise<number> {
  const shots = await shootClosed(bench, bench.usual, student, bench.seconds);
  return shots.length / secondsOf(shots);
}

function shootClosed(bench: Bench, target: Target, student: string, seconds: number): Promise<Shot[]> {
  const requests = toRequests(target.url, bench.texts, { name: student, student });
  return shoot(bench, target, { kind: "closed", url: target.url, requests, connections: 32, seconds });
}

async function shoot({ generator }: Bench, target: Target, load: Load): Promise<Shot[]> {
  const shots = await generator.run(load);
  target.idleSince = performance.now();
  return shots;
}

/** Policies take turns, each round with other arrivals, the same for all of them, and beginning with another. */
async function compare(bench: Bench, students: readonly string[], load: number, capacity: number): Promise<void> {
  const lines = policiesOf(students, bench.budgetMs).map((policy) => ({ policy, tally: newTally() }));
  for (let round = 0; round < bench.rounds; round++) {
    const arrivals = burstyArrivals(load * capacity, bench.seconds, bench.texts.length, createRandom(round + 1));
    const first = Math.floor((round * lines.length) / bench.rounds);
    for (const { policy, tally } of [...lines.slice(first), ...lines.slice(0, first)])
      for (const shot of await shootPolicy(bench, policy, arrivals)) count(tally, shot, bench);
  }
  console.log(`\n${load} x capacity, ${(load * capacity).toFixed(0)} requests/s offered in bursts`);
  console.table(Object.fromEntries(lines.map(({ policy, tally }) => [policy.name, toLine(tally)])));
}

/** With and without a budget by turns, so that one server rests while the other one works. */
function policiesOf(students: readonly string[], budgetMs: number): Policy[] {
  const alone = students.flatMap((student): Policy[] => [
    { name: `only ${student}, no budget`, student },
    { name: `only ${student}`, student, budgetMs },
  ]);
  return [{ name: "budget-aware", budgetMs }, ...alone];
}

function newTally(): Tally {
  return {
    ...{ offered: 0, accepted: [], sentLateMs: [], inTime: 0, correct: 0, shed: 0, failed: 0 },
    students: new Map(),
  };
}

async function shootPolicy(bench: Bench, policy: Policy, arrivals: readonly Arrival[]): Promise<Shot[]> {
  const target = policy.budgetMs === undefined ? bench.unbounded : bench.usual;
  const requests = toRequests(target.url, bench.texts, policy);
  const leftMs = target.idleSince + bench.restMs - performance.now();
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, leftMs)));
  return await shoot(bench, target, { kind: "open", url: target.url, requests, arrivals });
}

function toRequests(url: string, texts: readonly LabelledText[], { student, budgetMs }: Policy): string[] {
  const options = {
    ...(student !== undefined && { student }),
    ...(budgetMs !== undefined && { latencyBudgetMs: budgetMs }),
  };
  return texts.map(({ text }) => postRequest(new URL(url), { inputs: text, ...options }));
}

function count(tally: Tally, shot: Shot, { texts, budgetMs }: Bench): void {
  tally.offered++;
  tally.sentLateMs.push(shot.sentLateMs);
  if (shot.status === 429) tally.shed++;
  else if (shot.status !== 200) tally.failed++;
  if (shot.status !== 200) return;
  tally.accepted.push(shot.latencyMs);
  const { student, results } = JSON.parse(shot.body) as { student: string; results: [{ label: string }] };
  tally.students.set(student, (tally.students.get(student) ?? 0) + 1);
  if (shot.latencyMs > budgetMs) return;
  tally.inTime++;
  if (results[0].label === must(texts[shot.request]).label) tally.correct++;
}

function toLine({ offered, accepted, sentLateMs, inTime, correct, shed, failed, students }: Tally) {
  const share = (part: number, whole: number) => (whole === 0 ? "-" : `${((100 * part) / whole).toFixed(1)} %`);
  const at = (q: number) => (accepted.length === 0 ? "-" : quantile(accepted, q).toFixed(1));
  return {
    "correct in time": share(correct, offered),
    "in time": share(inTime, offered),
    "of accepted": share(inTime, accepted.length),
    shed: share(shed, offered),
    failed,
    "p50 ms": at(0.5),
    "p99 ms": at(0.99),
    // Above a few ms the generator had too little of the machine, and the figures say more about it than about the server.
    "generator late p99 ms": quantile(sentLateMs, 0.99).toFixed(1),
    students: [...students].map(([name, n]) => `${name} ${share(n, accepted.length)}`).join(", "),
  };
}
