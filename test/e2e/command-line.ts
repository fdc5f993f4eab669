import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { aroundAll } from "vitest";

/** A command of the project as a process of its own. */
export interface Running {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** A command that has ended, and all that it wrote. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Those that have not ended: a test that fails or runs out of time leaves its own behind, and some never end by themselves. */
const children = new Set<ChildProcess>();
let isOver = false;

// For each file that imports this. An `afterAll` would come after the file's own ones, and not at all when one of those fails, as the
// removal of a folder does in which a child still writes.
aroundAll(async (runFile) => {
  await runFile();
  isOver = true;
  for (const child of children) child.kill("SIGKILL");
});

/**
 * Runs `script` (from the project's folder, or a whole path) as npm's scripts do, with nothing of this environment but `PATH`. It is
 * killed at the end of the test file, if it still runs then.
 */
export function start(script: string, args: readonly string[], environment: Record<string, string> = {}): Running {
  // A test that ran out of time goes on, and may come here when nobody would end what it starts.
  if (isOver) throw new Error(`${script} was to be started after the end of its test file`);
  const env = { PATH: process.env.PATH, ...environment };
  const child = spawn(process.execPath, ["--import", "tsx", script, ...args], { cwd: root, env });
  children.add(child);
  child.once("close", () => children.delete(child));
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

/** As `start`, for one whose end is waited for. */
export async function runToEnd(
  script: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<Ended> {
  const { ended, stdout, stderr } = start(script, args, environment);
  const code = await ended;
  return { code, stdout: stdout(), stderr: stderr() };
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
