import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A command of the project as a process of its own. */
export interface Running {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Runs `script` (below the project's folder) as npm's scripts do, with nothing of this environment but `PATH`. */
export function start(script: string, args: readonly string[], environment: Record<string, string> = {}): Running {
  const env = { PATH: process.env.PATH, ...environment };
  const child = spawn(process.execPath, ["--import", "tsx", script, ...args], { cwd: root, env });
  const written = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => {
    written.stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    written.stderr += chunk;
  });
  const ended = once(child, "close").then(([code]) => code as number | null);
  return { child, stdout: () => written.stdout, stderr: () => written.stderr, ended };
}

/** Waits until the process has written `text` to its output. @throws when it ends before. */
export async function untilWritten(running: Running, text: string): Promise<void> {
  let over = false;
  void running.ended.then(() => {
    over = true;
  });
  while (!running.stdout().includes(text)) {
    if (over) throw new Error(`it ended without "${text}": ${running.stdout()}${running.stderr()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
