import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { constants } from "node:os";
import { errorCode } from "../src/error-code.ts";

/** A server as a process of its own, ours or one that it is compared with. */
export interface ServerProcess {
  readonly url: string;
  /** Memory of the process and its children, MiB; what they share counts once. */
  memoryMiB(): number;
  /** Processor time that the process and its children have taken, s. */
  cpuSeconds(): number;
  end(): Promise<void>;
}

/** Compiles the server as `npm start` does. */
export function buildServer(): void {
  const build = spawnSync("npm", ["run", "--silent", "build"], { stdio: "inherit" });
  if (build.status !== 0) throw new Error("the build failed");
}

/** Of the processes that run: detached, they get no Ctrl-C, and would outlive a bench that is interrupted. */
const groups = new Set<number>();
let watching = false;

function watchEnd(): void {
  if (watching) return;
  watching = true;
  process.once("exit", () => {
    for (const group of groups) killGroup(group);
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
}

function keepGroup(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  watchEnd();
  groups.add(pid);
  child.once("exit", () => {
    // Some servers leave their workers behind.
    killGroup(pid);
    groups.delete(pid);
  });
}

/** Nothing when all of it has ended. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (cause) {
    if (errorCode(cause) !== "ESRCH") throw cause;
  }
}

/**
 * Starts a command and waits for a line `ready on http://…` of its output, or until `probe` holds at an address that was
 * agreed on before.
 * @throws when it ends before, with what it said.
 */
export function startProcess(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  agreed?: { readonly url: string; readonly probe: () => Promise<boolean> },
): Promise<ServerProcess> {
  const [program, ...args] = command as [string, ...string[]];
  const child = spawn(program, args, {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  keepGroup(child);
  return new Promise((resolve, reject) => {
    let output = "";
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`${command.join(" ")} ended: ${output.slice(-2000)}`)));
    const read = (chunk: Buffer) => {
      output += chunk;
      const url = /ready on (http:\/\/[\w.:]+)/.exec(output)?.[1];
      if (url !== undefined && agreed === undefined) resolve(toServer(child, url));
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    if (agreed) void until(agreed.probe).then(() => resolve(toServer(child, agreed.url)));
  });
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 200));
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function toServer(child: ChildProcess, url: string): ServerProcess {
  const pid = child.pid as number;
  return {
    url,
    memoryMiB: () => sum(familyOf(pid), ({ pid: member }) => shareKiB(member)) / 1024,
    cpuSeconds: () => sum(familyOf(pid), ({ seconds }) => seconds),
    end: async () => {
      if (!groups.has(pid)) return;
      const ended = once(child, "exit");
      killGroup(pid);
      await ended;
    },
  };
}

interface Member {
  readonly pid: number;
  readonly parent: number;
  readonly seconds: number;
}

/** The kernel's ticks of processor time a second, on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** The process and all its descendants, from /proc: nothing is started that would take time from them. */
function familyOf(root: number): Member[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap(readMember);
  const ids = new Set([root]);
  for (let found = 0; found !== ids.size; ) {
    found = ids.size;
    for (const { pid, parent } of all) if (ids.has(parent)) ids.add(pid);
  }
  return all.filter(({ pid }) => ids.has(pid));
}

/** None when the process has just ended. Fields as in proc(5), counted from the one after the command's name. */
function readMember(name: string): Member[] {
  try {
    const stat = readFileSync(`/proc/${name}/stat`, "utf8");
    const fields = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number) as number[];
    const at = (field: number) => fields[field - 3] as number;
    const seconds = (at(14) + at(15)) / ticksPerSecond;
    return [{ pid: Number(name), parent: at(4), seconds }];
  } catch {
    return [];
  }
}

/** Proportional set size: memory that several processes share is divided between them. */
function shareKiB(pid: number): number {
  try {
    return Number(/^Pss: +(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
