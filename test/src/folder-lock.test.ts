import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { ConfigError } from "../../src/errors.ts";
import { lockFolder } from "../../src/folder-lock.ts";

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "kdnas-folder-lock-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const lock = (folder: string) => lockFolder(folder, (by) => `taken by ${by}`);
const elsewhere = JSON.stringify({ pid: 1, host: "elsewhere", token: "another" });
/** Whole seconds, which every file system keeps. */
const longAgo = new Date("2020-01-01");

test("lockFolder() gives back no lock that another took while its owner was stopped", () => {
  const folder = newFolder();
  const path = join(folder, "lock");
  const unlock = lock(folder);
  writeFileSync(path, elsewhere);
  unlock();
  expect(readFileSync(path, "utf8")).toBe(elsewhere);
  expect(readdirSync(folder)).toEqual(["lock"]);
});

test("lockFolder() touches its lock, and not that of another", () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
  const folder = newFolder();
  const path = join(folder, "lock");
  const unlock = lock(folder);
  utimesSync(path, longAgo, longAgo);
  vi.advanceTimersByTime(60_000);
  expect(statSync(path).mtimeMs).toBeGreaterThan(longAgo.getTime());
  writeFileSync(path, elsewhere);
  utimesSync(path, longAgo, longAgo);
  vi.advanceTimersByTime(60_000);
  expect(statSync(path).mtimeMs).toBe(longAgo.getTime());
  unlock();
});

test("lockFolder() leaves a lock alone that came into the place of a dead one while that was judged", () => {
  const folder = newFolder();
  const path = join(folder, "lock");
  writeFileSync(path, JSON.stringify({ pid: process.pid + 1, host: hostname() }));
  const kill = vi.spyOn(process, "kill").mockImplementationOnce(() => {
    rmSync(path);
    writeFileSync(path, elsewhere);
    throw Object.assign(new Error("no such process"), { code: "ESRCH" });
  });
  onTestFinished(() => kill.mockRestore());
  expect(() => lock(folder)).toThrow("taken by process 1 on elsewhere");
  expect(kill).toHaveBeenCalledTimes(1);
  expect(readFileSync(path, "utf8")).toBe(elsewhere);
  expect(readdirSync(folder)).toEqual(["lock"]);
});

test.each(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"])(
  "lockFolder() says that the file system has no hard links where it answers %s",
  (code) => {
    const folder = newFolder();
    const locking = () =>
      lockFolder(folder, String, () => {
        throw Object.assign(new Error(code), { code });
      });
    expect(locking).toThrow(ConfigError);
    expect(locking).toThrow(`${folder}: its file system has no hard links (${code})`);
    expect(readdirSync(folder)).toEqual([]);
  },
);
