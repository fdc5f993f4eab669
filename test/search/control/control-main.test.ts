import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { controlFolderOf } from "../../../search/control/control.ts";
import { openStore } from "../../../search/control/store.ts";
import { readManifest } from "../../../src/contract/manifest.ts";
import { type Running, runToEnd, start } from "../../e2e/command-line.ts";
import { startTestServer, type TestServer } from "../../fixtures/test-server.ts";

const script = "search/control/control-main.ts";
const root = mkdtempSync(join(tmpdir(), "kdnas-control-main-"));
const runs = join(root, "runs");
const folder = controlFolderOf(runs);
const name = "one-50ms";
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer([{ name, layers: 0 }], { workers: 1 });
});
afterAll(async () => {
  await server.end();
  rmSync(root, { recursive: true, force: true });
});

const watching = (...args: string[]) => ["--metrics", server.url, "--models", server.models, "--runs", runs, ...args];

/** Thirty texts a time, which is enough for a window to tell lengths by, until the command has written a line like this. */
async function askUntil(line: RegExp, running: Running): Promise<void> {
  let isOver = false;
  void running.ended.then(() => {
    isOver = true;
  });
  const inputs = Array.from({ length: 30 }, (_, i) => `the movie ${i} was great`);
  while (!line.test(running.stdout())) {
    if (isOver) throw new Error(`it ended without ${line}: ${running.stdout()}${running.stderr()}`);
    expect((await server.post("/v1/sentiment", { inputs })).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test("npm run control looks at a server as often as --windows says, and ends", async () => {
  const { code, stdout, stderr } = await runToEnd(script, watching("--windows", "1"));
  expect([code, stderr]).toEqual([0, ""]);
  const [began, said, ...more] = stdout.trimEnd().split("\n");
  expect(began).toBe(`control · mode observe, ${server.url} every 60 s, ${folder}`);
  expect(said).toMatch(/^\S+Z nothing · metrics of 0 of 1 servers can be used \(127\.0\.0\.1:\d+: first look\)$/);
  expect(more).toEqual([]);
  expect(existsSync(join(folder, "lock"))).toBe(false);
}, 60_000);

test("npm run control ranks what a server has, changes nothing but its own folder, and ends with 0 on SIGTERM", async () => {
  const settings = join(root, "settings.json");
  writeFileSync(settings, JSON.stringify({ thresholds: { minTexts: 30 } }));
  const { version } = readManifest(join(server.folder(name), "manifest.json"));
  const models = () => readdirSync(server.models, { recursive: true, encoding: "utf8" }).sort();
  const before = models();
  const running = start(script, watching("--every", "2", "--settings", settings));
  await askUntil(/ re-rank · nothing was ranked yet → .*\n/, running);
  running.child.kill("SIGTERM");
  expect(await running.ended, running.stderr()).toBe(0);
  const worth = `${name} ${version} is worth \\d+(\\.\\d)? % \\(\\S+ ms a text\\), no other at hand; `;
  expect(running.stdout()).toMatch(new RegExp(` → ${worth}`));
  const { ranking } = openStore(folder).read();
  expect(ranking?.slots.map(({ student }) => student)).toEqual([name]);
  expect(readFileSync(join(folder, "decisions.jsonl"), "utf8")).toContain('"key":"re-rank"');
  expect(readdirSync(runs)).toEqual(["control"]);
  expect(models()).toEqual(before);
}, 120_000);

test("npm run control lists no proposals where there are none", async () => {
  const listed = await runToEnd(script, ["--list", "--runs", runs]);
  expect(listed).toEqual({ code: 0, stdout: "there are no proposals\n", stderr: "" });
}, 60_000);

test("npm run control says which flag is wrong, and lists the right ones on --help", async () => {
  const failsWith = async (line: string, ...args: string[]) =>
    expect(await runToEnd(script, ["--runs", runs, ...args])).toEqual({ code: 2, stdout: "", stderr: `${line}\n` });
  await failsWith("error: --metrics is missing: the address of a server, once for each");
  await failsWith('error: --mode is one of observe, propose, act, not "dream"', "--mode", "dream");
  await failsWith('error: "localhost" is no http(s) URL of a metrics endpoint', "--metrics", "localhost");
  await failsWith("error: --windows is at least 1", "--windows", "0");
  const budgets = '--budgets is a list of milliseconds such as 0.1,1,3, not "fast"';
  await failsWith(`error: --search: ${budgets}`, "--search=--budgets fast");
  const help = await runToEnd(script, ["--help"]);
  expect([help.code, help.stderr]).toEqual([0, ""]);
  expect(help.stdout).toContain("Usage: npm run control -- [flags]");
}, 120_000);
