import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { availableParallelism, constants, hostname, setPriority } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { holdToShare, readProcess } from "./cpu-share.ts";
import type { SearchRecord } from "./search-record.ts";

/**
 * The search that control began, as a process of its own: at the lowest priority, within a share of the machine. It outlives a control
 * that is killed; the next one finds it by its record and holds it on. One that is gone is begun again with the same flags, and
 * goes on where it was.
 */
export class SearchProcess {
  private readonly folder: string;
  private readonly runs: string;
  private readonly cpuShare: number;
  private child: ChildProcess | undefined;
  /** Exit code of a child of ours; null for one that a signal ended. */
  private code: number | null | undefined;
  private letGo: (() => void) | undefined;

  /** @param cpuShare of all cores, 0 to 1 */
  constructor(controlFolder: string, runs: string, cpuShare: number) {
    this.folder = join(controlFolder, "searches");
    this.runs = runs;
    this.cpuShare = cpuShare;
    mkdirSync(this.folder, { recursive: true });
  }

  /** Sees to it that the search of the record runs, or says what became of it. */
  follow(record: SearchRecord, atMs: number): SearchRecord {
    if (record.status !== "running") return record;
    const said = this.lastLine(record.id) ?? record.said;
    if (this.letGo === undefined && isAlive(record)) return this.hold({ ...record, said });
    if (this.letGo === undefined) return this.adopt(record) ?? this.begin(record);
    if (isAlive(record)) return { ...record, said };
    this.letGo();
    this.letGo = undefined;
    // It found another at work in its run, which is one of ours.
    if (this.code !== 0) {
      const other = this.adopt({ ...record, said });
      if (other !== null) return other;
    }
    return afterEnd({ ...record, said }, this.code, atMs);
  }

  /** Asks it to end; it goes on from there the next time. */
  stop({ process: found }: SearchRecord): void {
    this.letGo?.();
    this.letGo = undefined;
    if (found !== null) kill(found.pid);
  }

  /** One whose number was not written down before control was killed: its run's lock names it. */
  private adopt(record: SearchRecord): SearchRecord | null {
    const pid = readOwner(join(this.runs, record.id));
    const found = pid === null ? null : readProcess(pid);
    if (pid === null || found === null) return null;
    this.code = null;
    return this.hold({ ...record, process: { pid, startedTicks: found.startedTicks } });
  }

  private begin(record: SearchRecord): SearchRecord {
    const output = openSync(this.logPath(record.id), "a");
    const command = [process.execPath, "--import", "tsx", fileURLToPath(new URL("../main.ts", import.meta.url))];
    const [program, ...args] = [...lowPriority(), ...command, ...record.args] as [string, ...string[]];
    // A group of its own, so that Ctrl-C for control does not reach it and all of it can be stopped at once.
    const child = spawn(program, args, { detached: true, stdio: ["ignore", output, output] });
    closeSync(output);
    this.child = child;
    this.code = undefined;
    child.unref();
    child.once("error", () => {
      this.code = 127;
    });
    child.once("exit", (code) => {
      if (this.child === child) this.code = code;
    });
    if (child.pid === undefined) return { ...record, status: "failed", said: `${program} cannot be started` };
    lower(child.pid);
    const found = { pid: child.pid, startedTicks: readProcess(child.pid)?.startedTicks ?? null };
    return this.hold({ ...record, process: found });
  }

  private hold(record: SearchRecord): SearchRecord {
    if (record.process !== null) this.letGo = holdToShare(record.process.pid, this.cpuShare * availableParallelism());
    return record;
  }

  private logPath(id: string): string {
    return join(this.folder, `${id}.log`);
  }

  private lastLine(id: string): string | null {
    const path = this.logPath(id);
    if (!existsSync(path)) return null;
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    return lines.at(-1)?.slice(0, 300) || null;
  }
}

/** `nice` lowers it before it has threads, which all inherit it. */
function lowPriority(): string[] {
  return process.platform === "win32" ? [] : ["nice", "-n", "19"];
}

function lower(pid: number): void {
  if (process.platform === "win32") setPriority(pid, constants.priority.PRIORITY_LOW);
}

/** Process that holds a run's lock on this machine; null where there is none. */
function readOwner(run: string): number | null {
  try {
    const { pid, host } = Owner.parse(JSON.parse(readFileSync(join(run, "lock"), "utf8")));
    return host === hostname() ? pid : null;
  } catch {
    return null;
  }
}
const Owner = z.object({ pid: z.int().positive(), host: z.string() });

function isAlive({ process: found }: SearchRecord): boolean {
  if (found === null) return false;
  const times = readProcess(found.pid);
  if (found.startedTicks !== null) return times?.startedTicks === found.startedTicks;
  try {
    return process.kill(found.pid, 0);
  } catch {
    return false;
  }
}

const mostCrashes = 5;

/** 0 has finished; another code is an error that would come again; without one it was killed, or was no child of ours. */
function afterEnd(record: SearchRecord, code: number | null | undefined, atMs: number): SearchRecord {
  const ended = { ...record, process: null, endedAtMs: atMs };
  if (code === 0) return { ...ended, status: "finished", crashes: 0 };
  if (typeof code === "number") return { ...ended, status: "failed" };
  const crashes = record.crashes + 1;
  if (crashes >= mostCrashes)
    return { ...ended, status: "failed", crashes, said: `it was killed ${crashes} times in a row` };
  return { ...record, process: null, crashes };
}

function kill(pid: number): void {
  try {
    process.kill(-pid, "SIGTERM");
  } catch {
    // It is gone already.
  }
}
