import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import autocannon from "autocannon";
import { quantile } from "../src/stats.ts";

/**
 * Throughput and latency of `/v1/sentiment` for each student in the models folder, beside a bare Express route that
 * returns a constant. The load generator shares the machine. Rounds are interleaved, since machines drift; the table
 * shows the median round. Options: `--rounds 3`, `--seconds 4` of each.
 */
export async function run(args: string[]): Promise<void> {
  const options = { rounds: { type: "string", default: "3" }, seconds: { type: "string", default: "4" } } as const;
  const { rounds, seconds } = parseArgs({ args, options }).values;
  const build = spawnSync("npm", ["run", "--silent", "build"], { stdio: "inherit" });
  if (build.status !== 0) throw new Error("the build failed");
  const servers = await Promise.all([
    startServer([process.execPath, "dist/serve/main.js"], { PORT: "0" }),
    startServer([process.execPath, "--import", "tsx", "bench/bare-express.ts"], {}),
  ]);
  try {
    const [students, express] = servers as [Server, Server];
    const cases = [
      ...(await studentNames(students.url)).map((name) => ({ url: students.url, name })),
      { url: express.url, name: "" },
    ];
    const rows = cases.flatMap((target) => loads.map((load) => ({ target, load, runs: [] as Run[] })));
    for (const row of rows) await shoot(row.target, row.load, 1);
    for (let round = 0; round < Number(rounds); round++)
      for (const row of rows) row.runs.push(await shoot(row.target, row.load, Number(seconds)));
    console.table(rows.map(toLine));
  } finally {
    for (const { child } of servers) child.kill("SIGINT");
  }
}

interface Server {
  readonly child: ChildProcess;
  readonly url: string;
}

interface Load {
  readonly connections: number;
  readonly texts: number;
}

interface Run {
  readonly textsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const loads: readonly Load[] = [
  { connections: 1, texts: 1 },
  { connections: 32, texts: 1 },
  { connections: 8, texts: 32 },
];

/** Short and long, in several scripts: padding and tokenising cost what they cost in practice. */
const texts = [
  "I love this phone, the battery lasts two days and the screen is great.",
  "Worst service ever.",
  "Das Essen war leider kalt, aber die Bedienung war sehr freundlich und hat sich sofort entschuldigt.",
  "El envío llegó tarde y la caja estaba rota.",
  "この映画は本当に面白かった。もう一度見たいです。",
  "Je ne sais pas quoi en penser, il y a du bon et du moins bon dans ce livre, surtout vers la fin.",
  "الخدمة كانت ممتازة والموظفون لطفاء جدا",
  "यह फ़ोन बहुत धीमा है और बैटरी जल्दी खत्म हो जाती है।",
  "ok",
  "O hotel fica longe do centro, o quarto era pequeno e barulhento, e o café da manhã deixou muito a desejar; não volto.",
  "这家餐厅的菜很好吃，价格也合理。",
  "배송이 빨라서 좋았어요.",
];

function startServer(command: readonly string[], environment: Record<string, string>): Promise<Server> {
  const [program, ...args] = command as [string, ...string[]];
  const child = spawn(program, args, { env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "inherit"] });
  return new Promise((resolve, reject) => {
    let output = "";
    child.once("exit", () => reject(new Error(`${command.join(" ")} ended: ${output}`)));
    child.stdout.on("data", (chunk) => {
      output += chunk;
      const url = /ready on (http:\S+)/.exec(output)?.[1];
      if (url !== undefined) resolve({ child, url });
    });
  });
}

async function studentNames(url: string): Promise<string[]> {
  const body = (await (await fetch(`${url}/v1/students`)).json()) as { students: { name: string }[] };
  return body.students.map((student) => student.name);
}

async function shoot({ url, name }: { url: string; name: string }, load: Load, seconds: number): Promise<Run> {
  const latencies: number[] = [];
  const shots = autocannon({
    url: `${url}/v1/sentiment`,
    method: "POST",
    connections: load.connections,
    duration: seconds,
    headers: { "content-type": "application/json" },
    requests: texts.map((_, i) => ({ body: JSON.stringify({ inputs: inputsFrom(i, load.texts), student: name }) })),
  });
  shots.on("response", (_client, _status, _bytes, ms: number) => latencies.push(ms));
  const totals = await shots;
  if (totals.non2xx + totals.errors > 0) throw new Error(`${totals.non2xx} refused and ${totals.errors} failed`);
  return {
    textsPerSecond: (totals["2xx"] * load.texts) / totals.duration,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
  };
}

function inputsFrom(first: number, count: number): string | string[] {
  const list = Array.from({ length: count }, (_, i) => texts[(first + i) % texts.length] as string);
  return count === 1 ? (list[0] as string) : list;
}

function toLine({ target, load, runs }: { target: { name: string }; load: Load; runs: readonly Run[] }) {
  const middle = (of: (run: Run) => number) => quantile(runs.map(of), 0.5);
  return {
    student: target.name || "(bare Express)",
    load: `${load.texts} x ${load.connections}`,
    "texts/s": Math.round(middle((run) => run.textsPerSecond)),
    "p50 ms": middle((run) => run.p50Ms).toFixed(2),
    "p99 ms": middle((run) => run.p99Ms).toFixed(2),
  };
}
