import { fstatSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { syncFolder } from "../../src/sync-folder.ts";

const folder = mkdtempSync(join(tmpdir(), "kdnas-sync-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A sync that fails as the system does. @returns what becomes of its descriptor, too. */
function failing(code: string) {
  let descriptor = -1;
  const sync = (of: number) => {
    descriptor = of;
    throw Object.assign(new Error(`${code}: fsync`), { code });
  };
  return { sync, isOpen: () => isOpen(descriptor) };
}

function isOpen(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isDirectory();
  } catch {
    return false;
  }
}

test("syncFolder() passes over a file system that knows no syncing of folders, and keeps nothing open", () => {
  const { sync, isOpen: stays } = failing("EINVAL");
  syncFolder(folder, sync);
  expect(stays()).toBe(false);
});

test("syncFolder() tells of a disk that fails, and keeps nothing open", () => {
  const { sync, isOpen: stays } = failing("EIO");
  expect(() => syncFolder(folder, sync)).toThrow("EIO: fsync");
  expect(stays()).toBe(false);
});
