import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { eventually } from "../fixtures/test-server.ts";
import { writeTinyStudent } from "../fixtures/tiny-student.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));
/** What the image holds: packages, students and the build, which is made here so that nobody's `dist/` is disturbed. */
const app = mkdtempSync(join(tmpdir(), "kdnas-built-"));
afterAll(() => rmSync(app, { recursive: true, force: true }));

/** Runs a program, which is killed at the end of the test if it still runs then. */
function run(cwd: string, env: NodeJS.ProcessEnv, program: string, ...args: string[]) {
  const child = spawn(program, args, { cwd, env });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      output += chunk;
    });
  return { child, output: () => output, exitCode: once(child, "close").then(([code]) => code as number | null) };
}

test("npm start builds a server that Node runs as it is: it answers, and ends with 0 on SIGTERM", async () => {
  const { scripts } = JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as Record<string, object>;
  expect(scripts).toMatchObject({ start: "npm run --silent build && node dist/serve/main.js" });
  cpSync(join(project, "package.json"), join(app, "package.json"));
  symlinkSync(join(project, "node_modules"), join(app, "node_modules"), "junction");
  mkdirSync(join(app, "models"));
  const { version } = writeTinyStudent(join(app, "models", "tiny"), { name: "tiny" });

  const build = ["run", "--silent", "build", "--", "--outDir", join(app, "dist")];
  const built = run(project, process.env, "npm", ...build);
  expect(await built.exitCode, built.output()).toBe(0);

  const env = { PATH: process.env.PATH, PORT: "0", KDNAS_WORKERS: "1", KDNAS_DRAIN_DELAY_SECONDS: "0" };
  const server = run(app, env, process.execPath, "dist/serve/main.js");
  const url = () => /"kdnas ready on (http:\S+) /.exec(server.output())?.[1];
  await eventually(() => expect(url(), server.output()).toBeDefined(), 60_000);
  const reply = await fetch(`${url()}/v1/sentiment`, { method: "POST", body: '{"inputs": ["good", "very bad"]}' });
  expect(reply.status, server.output()).toBe(200);
  const label = expect.stringMatching(/^(negative|neutral|positive)$/);
  expect(await reply.json()).toMatchObject({ student: "tiny", version, results: [{ label }, { label }] });
  server.child.kill("SIGTERM");
  expect(await server.exitCode, server.output()).toBe(0);
}, 180_000);
