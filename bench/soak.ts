import { parseArgs } from "node:util";
import { startLoadGenerator } from "./load-generator.ts";
import { ownFigures } from "./own-figures.ts";
import { buildServer, startProcess } from "./server-process.ts";
import { closedLoad, serverSettings, swapOne } from "./swap.ts";
import { createSwappedModels } from "./swapped-models.ts";

export const flags = {
  reloads: { type: "string", default: "200" },
  requests: { type: "string", default: "1000000" },
  connections: { type: "string", default: "8" },
  "rest-seconds": { type: "string", default: "5" },
  models: { type: "string", default: "models" },
} as const;

/**
 * Whether memory grows: reloads and requests together, with the process's memory after the first tenth, which is what it
 * needs, and at every tenth after it. Each is taken after some seconds of rest, when garbage has been collected.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: flags });
  const [reloads, requests] = [Number(values.reloads), Number(values.requests)];
  buildServer();
  const models = createSwappedModels(values.models);
  const server = await startProcess([process.execPath, "dist/serve/main.js"], serverSettings(models));
  const generator = startLoadGenerator();
  const load = closedLoad(server.url, models.students, Number(values.connections));
  const done = { reloads: 0, requests: 0, failed: 0 };
  const rows: Record<string, number>[] = [];
  try {
    for (let tenth = 1; tenth <= 10; tenth++) {
      while (done.requests < (requests * tenth) / 10 || done.reloads < (reloads * tenth) / 10) {
        const shooting = generator.run({ ...load, seconds: 2 });
        if (done.reloads < (reloads * tenth) / 10) {
          await swapOne(server.url, models);
          done.reloads++;
        }
        const shots = await shooting;
        done.requests += shots.length;
        done.failed += shots.filter(({ status }) => status !== 200).length;
      }
      await new Promise((resolve) => setTimeout(resolve, Number(values["rest-seconds"]) * 1000));
      rows.push({ ...done, "RSS MiB": (await ownFigures(server.url)).rssMiB });
    }
  } finally {
    generator.end();
    await server.end();
    models.remove();
  }
  console.table(rows);
  const growth = (rows.at(-1)?.["RSS MiB"] ?? Number.NaN) - (rows[0]?.["RSS MiB"] ?? Number.NaN);
  console.log(`growth after the first tenth: ${growth} MiB`);
}
