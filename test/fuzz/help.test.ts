import { expect, test } from "vitest";
import { runToEnd } from "../e2e/command-line.ts";

test("npm run fuzz -- --help says what it takes, and starts nothing", async () => {
  const { code, stdout, stderr } = await runToEnd("test/fuzz/main.ts", ["--help"]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^npm run fuzz -- \[--python python3\]/);
}, 60_000);
