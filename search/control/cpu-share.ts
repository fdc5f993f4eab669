import { readFileSync } from "node:fs";

/**
 * Keeps a process to a share of the machine: it is stopped (SIGSTOP) when it has had more processor time than its share of the time
 * that went by, and goes on (SIGCONT) when it has less. Priority alone does not do it: on a machine with an idle core the lowest
 * priority gets all of it, and with it the caches and the clock of the others.
 */
export interface ShareState {
  readonly stopped: boolean;
  /** Processor time, s, that it may still take now; what it did not use is not saved up beyond `burstSeconds`. */
  readonly allowance: number;
}

/** Enough for pauses of seconds, not for a minute of full speed after a quiet one. */
const burstSeconds = 2;

export function nextShare(
  { allowance }: ShareState,
  usedSeconds: number,
  elapsedSeconds: number,
  coresAllowed: number,
): ShareState {
  const next = Math.min(burstSeconds * coresAllowed, allowance + elapsedSeconds * coresAllowed - usedSeconds);
  return { stopped: next < 0, allowance: next };
}

/** The kernel's ticks of processor time a second, on every Linux that Node runs on. */
const ticksPerSecond = 100;

export interface ProcessTimes {
  readonly cpuSeconds: number;
  /** When it started, in ticks since the machine did: with the number it names a process for good. */
  readonly startedTicks: number;
}

/** From /proc, all threads together; null where there is no such process, it is dead, or there is no /proc. */
export function readProcess(pid: number): ProcessTimes | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return null;
    // Fields as in proc(5), counted from the one after the command's name.
    const at = (field: number) => Number(fields[field - 3]);
    return { cpuSeconds: (at(14) + at(15)) / ticksPerSecond, startedTicks: at(22) };
  } catch {
    return null;
  }
}

/** Watches over a process until the returned function is called, which lets it go on. */
export function holdToShare(pid: number, coresAllowed: number, everyMs = 100): () => void {
  let state: ShareState = { stopped: false, allowance: 0 };
  let last = { atMs: performance.now(), cpuSeconds: readProcess(pid)?.cpuSeconds ?? 0 };
  const look = () => {
    const atMs = performance.now();
    const elapsed = (atMs - last.atMs) / 1000;
    // Where there is no /proc it is taken to be as busy as it may be.
    const cpuSeconds = readProcess(pid)?.cpuSeconds ?? last.cpuSeconds + (state.stopped ? 0 : elapsed);
    const next = nextShare(state, cpuSeconds - last.cpuSeconds, elapsed, coresAllowed);
    if (next.stopped !== state.stopped) signal(pid, next.stopped ? "SIGSTOP" : "SIGCONT");
    state = next;
    last = { atMs, cpuSeconds };
  };
  // One that was found stopped, since whoever held it was killed, goes on.
  signal(pid, "SIGCONT");
  const timer = setInterval(look, everyMs).unref();
  return () => {
    clearInterval(timer);
    signal(pid, "SIGCONT");
  };
}

/** To the whole group, of which the process is the first; one that is gone needs none. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch {
    // It has just ended: the next look says so.
  }
}
