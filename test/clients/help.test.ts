import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

test.each(["clients", "fuzz"])(
  "npm run %s -- --help says what it takes, and starts nothing",
  (name) => {
    const main = fileURLToPath(new URL(`../${name}/main.ts`, import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", main, "--help"], {
      encoding: "utf8",
    });
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(new RegExp(`^npm run ${name} -- \\[--python python3\\]`));
  },
  60_000,
);
