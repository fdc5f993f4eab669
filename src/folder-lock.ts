import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { ConfigError } from "./errors.ts";

/**
 * One process at a time may write into a folder: `<folder>/lock` names it. A killed one leaves the file behind, so it
 * counts only as long as its process lives; where that cannot be asked (another machine, or a number that was given to
 * another process since) as long as its owner touches it.
 */
const Owner = z.strictObject({ pid: z.int(), host: z.string() });
type Owner = z.infer<typeof Owner>;

/** Locks of this process. */
const held = new Set<string>();

const touchSeconds = 20;
/** Nothing holds the clock of an owner up for more than seconds. */
const abandonedSeconds = 300;

/**
 * Takes a folder, made if need be; the returned function gives it back.
 * @param taken what to say when another has it, `by` it. @throws {ConfigError}
 */
export function lockFolder(folder: string, taken: (by: string) => string): () => void {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "lock");
  const mine = `${path}.${process.pid}`;
  writeOwner(mine);
  try {
    for (let attempt = 0; !tryLink(mine, path); attempt++) {
      const owner = readOwner(path);
      if (attempt === 3 || (owner !== null && isAtWork(owner, path)))
        throw new ConfigError(taken(owner ? `process ${owner.pid} on ${owner.host}` : path));
      rmSync(path, { force: true });
    }
  } finally {
    rmSync(mine, { force: true });
  }
  return hold(path);
}

/** A link appears with its content at once, or not at all when there is one: of two that try, one gets it. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function writeOwner(path: string): void {
  const file = openSync(path, "w");
  writeSync(file, JSON.stringify({ pid: process.pid, host: hostname() } satisfies Owner));
  closeSync(file);
}

/** Null when it is gone, or says nothing that can be read. */
function readOwner(path: string): Owner | null {
  try {
    return Owner.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return null;
  }
}

function isAtWork({ pid, host }: Owner, path: string): boolean {
  const touchedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (Date.now() - touchedMs > abandonedSeconds * 1000) return false;
  if (host !== hostname()) return true;
  // In a container that was started anew, this process has the number that the killed one had.
  return pid === process.pid ? held.has(resolve(path)) : isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function hold(path: string): () => void {
  held.add(resolve(path));
  const timer = setInterval(() => touch(path), touchSeconds * 1000).unref();
  const release = () => {
    clearInterval(timer);
    process.off("exit", release);
    held.delete(resolve(path));
    rmSync(path, { force: true });
  };
  process.on("exit", release);
  return release;
}

/** A lock that somebody removed by hand is not made again. */
function touch(path: string): void {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // Nothing depends on it but others' patience.
  }
}
