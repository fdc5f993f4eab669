import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { lockRun } from "../../search/run-lock.ts";
import { ConfigError } from "../../src/errors.ts";

function runFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "kdnas-lock-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const leave = (folder: string, owner: unknown) => writeFileSync(join(folder, "lock"), JSON.stringify(owner));

test("lockRun() lets one search into a folder at a time, and names the one that is there", () => {
  const folder = runFolder();
  const unlock = lockRun(folder);
  expect(() => lockRun(folder)).toThrow(ConfigError);
  expect(() => lockRun(folder)).toThrow(`another search is writing here (process ${process.pid} on ${hostname()})`);
  unlock();
  lockRun(folder)();
  expect(existsSync(join(folder, "lock"))).toBe(false);
});

test("lockRun() takes over from a process that was killed", async () => {
  const folder = runFolder();
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  onTestFinished(() => void child.kill("SIGKILL"));
  leave(folder, { pid: child.pid, host: hostname() });
  expect(() => lockRun(folder)).toThrow("another search");
  child.kill("SIGKILL");
  await once(child, "close");
  lockRun(folder)();
});

test("lockRun() believes another machine as long as it touches the lock", () => {
  const folder = runFolder();
  leave(folder, { pid: 1, host: "elsewhere" });
  expect(() => lockRun(folder)).toThrow("process 1 on elsewhere");
  const longAgo = new Date(Date.now() - 600_000);
  utimesSync(join(folder, "lock"), longAgo, longAgo);
  const unlock = lockRun(folder);
  expect(JSON.parse(readFileSync(join(folder, "lock"), "utf8"))).toMatchObject({ pid: process.pid, host: hostname() });
  unlock();
});

test("lockRun() is not stopped by a lock that cannot be read", () => {
  const folder = runFolder();
  writeFileSync(join(folder, "lock"), "");
  lockRun(folder)();
});

test("lockRun() is not stopped by a lock of an earlier process with the number of this one", () => {
  const folder = runFolder();
  leave(folder, { pid: process.pid, host: hostname() });
  // Old enough for a process that has just died, so it is waited for.
  const justNow = new Date(Date.now() - 14_000);
  utimesSync(join(folder, "lock"), justNow, justNow);
  lockRun(folder)();
  expect(readdirSync(folder)).toEqual([]);
});

test("lockRun() leaves the folder to a process with the number of this one that touches its lock", async () => {
  const folder = runFolder();
  const path = join(folder, "lock");
  leave(folder, { pid: process.pid, host: hostname() });
  const touching = `const { utimesSync } = require("node:fs");
    setInterval(() => {
      utimesSync(process.argv[1], new Date(), new Date());
      console.log("touched");
    }, 50);`;
  const owner = spawn(process.execPath, ["-e", touching, path]);
  onTestFinished(() => void owner.kill("SIGKILL"));
  await once(owner.stdout, "data");
  expect(() => lockRun(folder)).toThrow(`process ${process.pid} on`);
  expect(readdirSync(folder)).toEqual(["lock"]);
});
