import { expect, test } from "vitest";
import { runToEnd } from "../e2e/command-line.ts";

const bench = (...args: string[]) => runToEnd("bench/main.ts", args);

test("npm run bench -- NAME --help says what is measured and which options there are, and measures nothing", async () => {
  const { code, stdout, stderr } = await bench("soak", "--help");
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain("soak: whether memory grows");
  expect(stdout).toContain("--reloads <value> (default 200)\n");
}, 60_000);

test("npm run bench -- --help lists the benches, and ends with 2 without a name or with a wrong option", async () => {
  const help = await bench("--help");
  expect(help).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ {2}soak +whether memory/m) });
  const nameless = await bench();
  expect(nameless).toMatchObject({ code: 2, stderr: expect.stringMatching(/^usage: npm run bench -- <control-sim/) });
  const wrong = await bench("soak", "--rounds", "3");
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("npm run bench -- soak --help") });
}, 60_000);
