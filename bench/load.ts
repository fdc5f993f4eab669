import { parseArgs } from "node:util";
import { must } from "../src/invariant.ts";
import { createRandom } from "../src/random.ts";
import { quantile } from "../src/stats.ts";
import { taskNamed } from "../src/tasks/index.ts";
import { postRequest } from "./http-connection.ts";
import { type LabelledText, labelledTexts } from "./labelled-texts.ts";
import { burstyArrivals, type LoadGenerator, type Shot, startLoadGenerator } from "./load-generator.ts";
import { buildServer, type ServerProcess, startProcess } from "./server-process.ts";

/**
 * Latency budgets under a bursty open-loop load, at shares of what the most accurate student can just carry: the server's
 * own choice of student against each student alone, with the same budget, and without one (what a server does that
 * neither chooses nor sheds). Texts are labelled validation rows, so that what counts is correct answers in time.
 */
export const flags = {
  data: { type: "string", multiple: true, default: [] as string[] },
  task: { type: "string", default: "sentiment" },
  "budget-ms": { type: "string", default: "25" },
  seconds: { type: "string", default: "5" },
  rounds: { type: "string", default: "3" },
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

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: flags });
  const [budgetMs, seconds, rounds] = [values["budget-ms"], values.seconds, values.rounds].map(Number) as [
    number,
    number,
    number,
  ];
  const texts = await labelledTexts(values.data, values.task, 4000);
  buildServer();
  const server = await startProcess([process.execPath, "dist/serve/main.js"], {
    PORT: "0",
    KDNAS_MODELS: values.models,
  });
  const generator = startLoadGenerator();
  try {
    const url = `${server.url}/v1/${taskNamed(values.task).route ?? values.task}`;
    const students = await studentsOf(server, values.task);
    const best = must(students[0], "a student");
    const capacity = Number(values.capacity ?? (await measureCapacity(generator, url, texts, best, seconds)));
    console.log(
      `${texts.length} texts of ${values.task}; ${best} alone carries ${capacity.toFixed(0)} requests/s; budget ${budgetMs} ms`,
    );
    const bench = { generator, url, texts, budgetMs, seconds, rounds };
    for (const load of values.loads.split(",").map(Number)) await compare(bench, students, load, capacity);
  } finally {
    generator.end();
    await server.end();
  }
}

interface Bench {
  readonly generator: LoadGenerator;
  readonly url: string;
  readonly texts: readonly LabelledText[];
  readonly budgetMs: number;
  readonly seconds: number;
  readonly rounds: number;
}

/** Names of the students that have the task, the most accurate first. */
async function studentsOf({ url }: ServerProcess, task: string): Promise<string[]> {
  interface Described {
    readonly name: string;
    readonly tasks: readonly { readonly name: string }[];
    readonly scores: readonly { readonly task: string; readonly student: number }[];
  }
  const body = (await (await fetch(`${url}/v1/students`)).json()) as { students: Described[] };
  const score = ({ scores }: Described) => {
    const own = scores.filter((entry) => entry.task === task);
    return own.reduce((sum, entry) => sum + entry.student, 0) / own.length;
  };
  const able = body.students.filter(({ tasks }) => tasks.some(({ name }) => name === task));
  return able.sort((a, b) => score(b) - score(a)).map(({ name }) => name);
}

/** Requests a second of single texts that 32 connections get out of one student. */
async function measureCapacity(
  generator: LoadGenerator,
  url: string,
  texts: readonly LabelledText[],
  student: string,
  seconds: number,
): Promise<number> {
  const requests = toRequests(url, texts, { name: "", student });
  const load = { kind: "closed", url, requests, connections: 32 } as const;
  await generator.run({ ...load, seconds: 1 });
  return (await generator.run({ ...load, seconds })).length / seconds;
}

/** Policies take turns, each round with other arrivals, the same for all of them. */
async function compare(bench: Bench, students: readonly string[], load: number, capacity: number): Promise<void> {
  const { budgetMs } = bench;
  const policies: Policy[] = [
    { name: "budget-aware", budgetMs },
    ...students.map((student) => ({ name: `only ${student}`, student, budgetMs })),
    ...students.map((student) => ({ name: `only ${student}, no budget`, student })),
  ];
  const tallies = policies.map(
    (): Tally => ({
      offered: 0,
      accepted: [],
      sentLateMs: [],
      inTime: 0,
      correct: 0,
      shed: 0,
      failed: 0,
      students: new Map(),
    }),
  );
  for (let round = 0; round < bench.rounds; round++) {
    const arrivals = burstyArrivals(load * capacity, bench.seconds, bench.texts.length, createRandom(round + 1));
    for (const [i, policy] of policies.entries()) {
      const requests = toRequests(bench.url, bench.texts, policy);
      const shots = await bench.generator.run({ kind: "open", url: bench.url, requests, arrivals });
      for (const shot of shots) count(must(tallies[i]), shot, bench);
    }
  }
  console.log(`\n${load} x capacity, ${(load * capacity).toFixed(0)} requests/s offered in bursts`);
  console.table(Object.fromEntries(policies.map((policy, i) => [policy.name, toLine(must(tallies[i]))])));
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
