import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readFlags } from "../../search/command/command.ts";
import { searchCommand, toSearchConfig } from "../../search/config.ts";
import { showPlan } from "../../search/plan.ts";
import { writeTinyTeacher } from "../fixtures/tiny-teacher.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-plan-"));
beforeAll(() =>
  writeTinyTeacher(join(root, "teacher"), { kind: "xlm-roberta", layers: 2, hidden: 64, heads: 2, ffn: 64 }),
);
afterAll(() => rmSync(root, { recursive: true }));

/** The lines for `--dry-run` and these flags. */
async function planOf(...flags: string[]): Promise<string[]> {
  const argv = ["--dry-run", "--teacher", join(root, "teacher"), "--runs", join(root, "runs"), ...flags];
  const lines: string[] = [];
  await showPlan(toSearchConfig(readFlags(searchCommand, argv, {})), (line) => lines.push(line));
  return lines;
}

test("showPlan() says what would be done and how long each part takes, and does nothing", async () => {
  const lines = await planOf("--budgets", "0.1,2", "--tasks", "filter,sentiment", "--soft-targets");
  expect(lines).toContainEqual(expect.stringContaining("run full-seed1 in "));
  expect(lines).toContain("tasks: filter, sentiment");
  for (const stage of ["fine-tune teachers", "14 trials", "student of 0.1 ms", "student of 2 ms", "in all"])
    expect(
      lines.filter((line) => new RegExp(`^ +[\\dhms ]+  ${stage}`).test(line)),
      stage,
    ).toHaveLength(1);
  expect(lines.at(-1)).toContain("budget-0.1ms");
  expect(existsSync(join(root, "runs"))).toBe(false);
});

test("showPlan() says what --hours leaves of it", async () => {
  const trials = async (...flags: string[]) =>
    Number(/^trials: (\d+) of/m.exec((await planOf("--budgets", "1", ...flags)).join("\n"))?.[1]);
  expect(await trials("--hours", "0.001")).toBeLessThan(await trials("--hours", "100"));
});

test("showPlan() counts what --architectures names, each once", async () => {
  const lines = await planOf("--budgets", "0.1,2", "--architectures", "static-e64,static-e64");
  expect(lines).toContainEqual(expect.stringMatching(/^trials: 1 of .* one of each architecture that is given$/));
  const timed = lines.filter((line) => /^ +[\dhms ]+ {2}(1 trials|student of)/.test(line));
  expect(timed).toHaveLength(2);
});

test("showPlan() of a teacher on the hub fetches nothing", async () => {
  const lines = await planOf("--teacher", "owner/name");
  expect(lines).toContainEqual(expect.stringContaining("owner/name, from the hub"));
});
