import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

function bench(...args: string[]) {
  const main = fileURLToPath(new URL("../../bench/main.ts", import.meta.url));
  return spawnSync(process.execPath, ["--import", "tsx", main, ...args], { encoding: "utf8" });
}

test("npm run bench -- NAME --help says what is measured and which options there are, and measures nothing", () => {
  const { status, stdout, stderr } = bench("soak", "--help");
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toContain("soak: whether memory grows");
  expect(stdout).toContain("--reloads <value> (default 200)\n");
}, 60_000);

test("npm run bench -- --help lists the benches, and ends with 2 without a name or with a wrong option", () => {
  expect(bench("--help")).toMatchObject({ status: 0, stdout: expect.stringMatching(/^ {2}soak +whether memory/m) });
  expect(bench()).toMatchObject({ status: 2, stderr: expect.stringMatching(/^usage: npm run bench -- <control-sim/) });
  const wrong = bench("soak", "--rounds", "3");
  expect(wrong).toMatchObject({ status: 2, stderr: expect.stringContaining("npm run bench -- soak --help") });
}, 60_000);
