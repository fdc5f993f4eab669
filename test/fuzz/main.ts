import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createKey } from "../../serve/security/key.ts";
import { writeKeyFile } from "../../serve/security/key-file.ts";
import { scopes } from "../../serve/security/scope.ts";

/**
 * `npm run fuzz -- --python PATH`: a server of its own, with keys, and Schemathesis against every route of its OpenAPI
 * document, all checks. PATH is a Python that has it: `python3 -m venv V && V/bin/pip install schemathesis`. All that
 * follows `--` goes to Schemathesis, such as `-- --include-path /v1/filter`.
 */
const { values, positionals } = parseArgs({
  options: {
    python: { type: "string", default: "python3" },
    models: { type: "string", default: "models" },
    examples: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    help: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
if (values.help) {
  console.log(
    "npm run fuzz -- [--python python3] [--models models] [--examples 100] [--seed 1] [-- flags of Schemathesis]\n" +
      "Starts a server of its own and runs Schemathesis (pip install schemathesis) against every route.",
  );
  process.exit();
}

const folder = mkdtempSync(join(tmpdir(), "kdnas-fuzz-"));
const key = createKey({ name: "fuzz", scopes: [...scopes] });
const keysFile = join(folder, "keys.json");
writeKeyFile(keysFile, [key.record]);
const server = startServer();
try {
  process.exitCode = await fuzz(await addressOf(server));
} finally {
  server.kill("SIGINT");
  rmSync(folder, { recursive: true, force: true });
}

function startServer(): ChildProcess {
  const main = new URL("../../serve/main.ts", import.meta.url).pathname;
  const flags = [
    "--port",
    "0",
    "--models",
    values.models,
    "--keys-file",
    keysFile,
    "--feedback",
    join(folder, "feedback"),
  ];
  return spawn(process.execPath, ["--import", "tsx", main, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
}

/** From the server's ready line; the rest that it writes is passed on, since an error of the server is a finding. */
async function addressOf(child: ChildProcess): Promise<string> {
  let output = "";
  return await new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${output}`)));
    child.stdout?.on("data", (chunk) => {
      const ready = /ready on (http:\S+)/;
      if (ready.test(output)) process.stderr.write(chunk);
      output += chunk;
      const url = ready.exec(output)?.[1];
      if (url !== undefined) resolve(url);
    });
  });
}

async function fuzz(url: string): Promise<number> {
  const run = "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())";
  const flags = ["--checks", "all", "--max-examples", values.examples, "--seed", values.seed, "--continue-on-failure"];
  const auth = ["--header", `Authorization: Bearer ${key.secret}`];
  const config = new URL("schemathesis.toml", import.meta.url).pathname;
  const args = [
    "-c",
    run,
    "--config-file",
    config,
    "run",
    `${url}/openapi.json`,
    ...flags,
    ...auth,
    "--no-color",
    ...positionals,
  ];
  const [code] = await once(spawn(values.python, args, { stdio: "inherit", cwd: folder }), "exit");
  return code ?? 1;
}
