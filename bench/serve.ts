import { parseArgs } from "node:util";
import { startLoadGenerator } from "./load-generator.ts";
import { buildServer, type ServerProcess, startProcess } from "./server-process.ts";
import { type Run, shoot, type TextLoad, toFigures } from "./shoot.ts";

export const flags = {
  rounds: { type: "string", default: "3" },
  seconds: { type: "string", default: "4" },
} as const;

/**
 * Throughput and latency of `/v1/sentiment` for each student in the models folder, beside a bare Express route that
 * returns a constant, and the processor time that the server takes for a text, which a busy machine disturbs least. The load
 * generator shares the machine. Rounds are interleaved, since machines drift; the table shows the median round.
 */
export async function run(args: string[]): Promise<void> {
  const { rounds, seconds } = parseArgs({ args, options: flags }).values;
  buildServer();
  const generator = startLoadGenerator();
  const servers: ServerProcess[] = [];
  const start = async (command: readonly string[], environment: Readonly<Record<string, string>>) => {
    const server = await startProcess([process.execPath, ...command], environment);
    servers.push(server);
    return server;
  };
  try {
    const ours = await start(["dist/serve/main.js"], { PORT: "0" });
    const express = await start(["--import", "tsx", "bench/bare-express.ts"], {});
    const targets: Target[] = [
      ...(await studentNames(ours.url)).map((name) => ({ server: ours, name })),
      { server: express, name: "" },
    ];
    const rows = targets.flatMap((target) => loads.map((load) => ({ target, load, runs: [] as Run[] })));
    for (const row of rows) await shoot(generator, row.target.server, row.load, 1, optionsOf(row.target));
    for (let round = 0; round < Number(rounds); round++)
      for (const row of rows)
        row.runs.push(await shoot(generator, row.target.server, row.load, Number(seconds), optionsOf(row.target)));
    console.table(
      rows.map(({ target, load, runs }) => ({ student: target.name || "(bare Express)", ...toFigures(load, runs) })),
    );
  } finally {
    generator.end();
    await Promise.all(servers.map((server) => server.end()));
  }
}

interface Target {
  readonly server: ServerProcess;
  readonly name: string;
}

const loads: readonly TextLoad[] = [
  { connections: 1, texts: 1 },
  { connections: 32, texts: 1 },
  { connections: 8, texts: 32 },
];

async function studentNames(url: string): Promise<string[]> {
  const body = (await (await fetch(`${url}/v1/students`)).json()) as { students: { name: string }[] };
  return body.students.map((student) => student.name);
}

function optionsOf({ name }: Target): Record<string, string> {
  return name === "" ? {} : { student: name };
}
