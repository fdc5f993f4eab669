import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { findKey, toKnownKeys } from "../../../serve/security/key.ts";
import { readKeyFile } from "../../../serve/security/key-file.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-keys-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const file = join(root, "keys.json");
const main = new URL("../../../serve/security/keys-main.ts", import.meta.url).pathname;
const keys = (...args: string[]) =>
  spawnSync(process.execPath, ["--import", "tsx", main, ...args, "--file", file], { encoding: "utf8" });

test("keys create prints the key once and keeps its hash; list and revoke know it by its name", () => {
  const created = keys("create", "--name", "web", "--scopes", "infer,metrics", "--requests-per-minute", "60");
  const secret = created.stdout.trim();
  expect(created.status).toBe(0);
  expect(findKey(toKnownKeys(readKeyFile(file)), secret)).toMatchObject({ name: "web", requestsPerMinute: 60 });
  expect(readFileSync(file, "utf8")).not.toContain(secret);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(keys("list").stdout).toMatch(/^[0-9a-f]{12} {2}web {2}infer,metrics {2}created \S+ {2}60\/min\n$/);
  expect(keys("revoke", "--name", "web").status).toBe(0);
  expect(readKeyFile(file)).toEqual([]);
}, 120_000);

test("keys says in one line what is wrong, with 2", () => {
  const unknown = keys("create", "--name", "web", "--scopes", "everything");
  expect([unknown.status, unknown.stdout]).toEqual([2, ""]);
  expect(unknown.stderr).toMatch(/^error: --scopes: expected some of infer, feedback, metrics, admin/);
}, 60_000);
