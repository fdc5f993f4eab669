import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

test("npm run clients -- --help says what it takes, and starts nothing", () => {
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", main, "--help"], {
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^npm run clients -- \[--python python3\]/);
}, 60_000);
