import { randomUUID } from "node:crypto";
import {
  closeSync,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { errorCode } from "./error-code.ts";
import { ConfigError } from "./errors.ts";

/**
 * One process at a time may write into a folder: `<folder>/lock` names it. A killed one leaves the file behind, so it
 * counts only as long as its process lives; where that cannot be asked (another machine, or a number that was given to
 * another process since) as long as its owner touches it. The token tells an owner that was stopped for long that the
 * lock has become another's; those that earlier versions wrote have none.
 */
const Owner = z.object({ pid: z.int(), host: z.string(), token: z.string().optional() });
type Owner = z.infer<typeof Owner>;

/** A lock as it was when it was looked at. */
interface Seen {
  /** Null when it says nothing that can be read. */
  readonly owner: Owner | null;
  readonly text: string;
  readonly touchedMs: number;
}

type Link = (from: string, to: string) => void;

/** Tokens of this process's locks. */
const held = new Set<string>();

const touchSeconds = 5;
/** An owner that may be of another container, where this one cannot ask for it, missed three touches. */
const silentSeconds = 3 * touchSeconds;
/** Nothing holds the clock of an owner up for more than seconds. */
const abandonedSeconds = 300;
const pollMs = 200;

/** What systems answer where a file system has no hard links. */
const noLinks = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

/**
 * Takes a folder, made if need be; the returned function gives it back. Where an earlier process with the number of
 * this one seems to have left its lock, it waits up to 15 s and holds the thread up.
 * @param taken what to say when another has it, `by` it. @param link for tests. @throws {ConfigError}
 */
export function lockFolder(folder: string, taken: (by: string) => string, link: Link = linkSync): () => void {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "lock");
  const token = randomUUID();
  // Not by the number of the process: two containers may have the same.
  const mine = `${path}.${token}`;
  try {
    writeOwner(mine, token);
    for (let attempt = 0; !tryLink(mine, path, link); attempt++) {
      const seen = look(path);
      const owner = seen?.owner;
      if (attempt === 3 || (seen && owner && isAtWork(owner, seen, path)))
        throw new ConfigError(taken(owner ? `process ${owner.pid} on ${owner.host}` : path));
      if (seen) clearAway(path, seen, `${mine}.stale`);
    }
  } finally {
    rmSync(mine, { force: true });
  }
  return hold(path, token);
}

/**
 * A link appears with its content at once, or not at all when there is one: of two that try, one gets it.
 * @throws {ConfigError} where there are no links.
 */
function tryLink(from: string, to: string, link: Link = linkSync): boolean {
  try {
    link(from, to);
    return true;
  } catch (cause) {
    const code = errorCode(cause);
    if (code === "EEXIST") return false;
    if (!noLinks.has(code)) throw cause;
    throw new ConfigError(
      `${dirname(to)}: its file system has no hard links (${code}), which keep two processes from writing there at ` +
        "once; choose a folder on another one (not FAT or exFAT, nor a network share without links)",
      { cause },
    );
  }
}

function writeOwner(path: string, token: string): void {
  const file = openSync(path, "wx");
  try {
    writeSync(file, JSON.stringify({ pid: process.pid, host: hostname(), token } satisfies Owner));
  } finally {
    closeSync(file);
  }
}

/** Null when it is gone, or cannot be opened. */
function look(path: string): Seen | null {
  try {
    const file = openSync(path, "r");
    try {
      const touchedMs = fstatSync(file).mtimeMs;
      const text = readFileSync(file, "utf8");
      return { owner: toOwner(text), text, touchedMs };
    } finally {
      closeSync(file);
    }
  } catch {
    return null;
  }
}

function toOwner(text: string): Owner | null {
  try {
    return Owner.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function isSame(a: Seen | null, b: Seen): boolean {
  return a?.text === b.text && a.touchedMs === b.touchedMs;
}

function isOwn(seen: Seen | null, token: string): seen is Seen {
  return seen?.owner?.token === token;
}

function isAtWork({ pid, host, token }: Owner, seen: Seen, path: string): boolean {
  if (token !== undefined && held.has(token)) return true;
  if (Date.now() - seen.touchedMs > abandonedSeconds * 1000) return false;
  if (host !== hostname()) return true;
  return pid === process.pid ? isTouched(path, seen) : isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}

/**
 * The first process of every container has the same number, and containers may share a host name: whether the owner was
 * killed before this one was started anew, or is at work beside it, only the next touch tells.
 */
function isTouched(path: string, seen: Seen): boolean {
  const silentMs = Math.max(0, Date.now() - seen.touchedMs);
  const end = performance.now() + silentSeconds * 1000 - silentMs;
  while (performance.now() < end) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pollMs);
    const now = look(path);
    if (now === null) return false;
    if (!isSame(now, seen)) return true;
  }
  return false;
}

/**
 * Removes the lock that was judged, and none that came into its place since: what lies aside nobody else changes, so it
 * can be looked at once more, and goes back when it is another.
 */
function clearAway(path: string, judged: Seen, aside: string): void {
  try {
    renameSync(path, aside);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  try {
    if (!isSame(look(aside), judged)) tryLink(aside, path);
  } finally {
    rmSync(aside, { force: true });
  }
}

function hold(path: string, token: string): () => void {
  held.add(token);
  const timer = setInterval(() => touch(path, token), touchSeconds * 1000).unref();
  const release = () => {
    clearInterval(timer);
    process.off("exit", release);
    held.delete(token);
    const seen = look(path);
    if (isOwn(seen, token)) clearAway(path, seen, `${path}.${token}.stale`);
  };
  process.on("exit", release);
  return release;
}

/** A lock that somebody removed by hand is not made again, and one that has become another's is left to it. */
function touch(path: string, token: string): void {
  if (!isOwn(look(path), token)) return;
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // Nothing depends on it but others' patience.
  }
}
