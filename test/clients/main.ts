import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readConfig } from "../../serve/config.ts";
import { createLog } from "../../serve/log.ts";
import { createKey } from "../../serve/security/key.ts";
import { writeKeyFile } from "../../serve/security/key-file.ts";
import { startServer } from "../../serve/server.ts";

/**
 * `npm run clients -- --python VENV/bin/python`: a server of `models/`, with keys, and the published Python clients of
 * the APIs that it imitates. Each script gets the server's address and a key, and fails when a client is not content.
 */
const { python, models, help } = parseArgs({
  options: {
    python: { type: "string", default: "python3" },
    models: { type: "string", default: "models" },
    help: { type: "boolean", default: false },
  },
}).values;
if (help) {
  console.log(
    "npm run clients -- [--python python3] [--models models]\n" +
      "Starts a server of its own and tries the published Python clients of the imitated APIs (test/clients/requirements.txt).",
  );
  process.exit();
}

const folder = fileURLToPath(new URL(".", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "kdnas-clients-"));
const keysFile = join(scratch, "keys.json");
const { secret, record } = createKey({ name: "clients", scopes: ["infer"] });
writeKeyFile(keysFile, [record]);

const config = { ...readConfig([], {}), port: 0, models, keysFile, workers: 1 };
const server = await startServer(config, createLog({ write: (line) => void process.stderr.write(line) }, "warn"));
try {
  await server.loaded;
  const scripts = readdirSync(folder).filter((file) => file.endsWith(".py"));
  for (const script of scripts) {
    const code = await run(script);
    console.log(`${code === 0 ? "ok    " : "FAILED"} ${script}`);
    if (code !== 0) process.exitCode = 1;
  }
} finally {
  await server.drain(0);
  rmSync(scratch, { recursive: true, force: true });
}

function run(script: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, [join(folder, script), server.url, secret], { stdio: "inherit" });
    child.on("error", reject);
    child.on("close", resolve);
  });
}
