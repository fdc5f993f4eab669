import { parseArgs } from "node:util";
import { startLoadGenerator } from "./load-generator.ts";
import { ownFigures } from "./own-figures.ts";
import { buildServer, startProcess } from "./server-process.ts";
import { closedLoad, serverSettings } from "./swap.ts";
import { createSwappedModels, studentsIn } from "./swapped-models.ts";

/** By then the thread that read the students has ended, and its memory with it. */
const restMs = 4000;

export const flags = {
  models: { type: "string", default: "models" },
  rounds: { type: "string", default: "3" },
  seconds: { type: "string", default: "5" },
} as const;

/**
 * Start and memory of the server with one student, with two, and so on, the smallest first: wall time and processor time
 * until it is ready, resident memory then, when it has come to rest, and under load. Wall time needs a quiet machine.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: flags });
  buildServer();
  const students = studentsIn(values.models);
  const rows: Record<string, string | number>[] = [];
  for (let count = 1; count <= students.length; count++) {
    for (let round = 0; round < Number(values.rounds); round++)
      rows.push(await measure(values.models, students.slice(0, count), Number(values.seconds)));
  }
  console.table(rows);
}

async function measure(folder: string, names: readonly string[], seconds: number) {
  const models = createSwappedModels(folder, names);
  const started = performance.now();
  const server = await startProcess([process.execPath, "dist/serve/main.js"], serverSettings(models));
  const generator = startLoadGenerator();
  try {
    const readyS = ((performance.now() - started) / 1000).toFixed(2);
    const ready = await ownFigures(server.url);
    await new Promise((resolve) => setTimeout(resolve, restMs));
    const rest = await ownFigures(server.url);
    await generator.run({ ...closedLoad(server.url, names, 8), seconds });
    const load = await ownFigures(server.url);
    return {
      students: names.join(" "),
      "ready s": readyS,
      "CPU s": ready.cpuSeconds.toFixed(2),
      "RSS MiB": ready.rssMiB,
      "at rest": rest.rssMiB,
      "after load": load.rssMiB,
    };
  } finally {
    generator.end();
    await server.end();
    models.remove();
  }
}
