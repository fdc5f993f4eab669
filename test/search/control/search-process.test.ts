import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants, getPriority, hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, onTestFinished, test } from "vitest";
import { SearchProcess } from "../../../search/control/search-process.ts";
import type { SearchRecord } from "../../../search/control/search-record.ts";
import { must } from "../../../src/invariant.ts";
import { listen } from "../../fixtures/listen.ts";
import { eventually } from "../../fixtures/test-server.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-search-process-"));
const [models, runs] = [join(root, "models"), join(root, "runs")];
const control = join(runs, "control");
const logOf = (id: string) => join(control, "searches", `${id}.log`);
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Of the searches, each in a group of its own: they outlive whoever began them. */
const pids = new Set<number>();
afterEach(() => {
  for (const pid of pids) kill(pid);
  pids.clear();
});

function kill(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** As another control has it, or one that was started anew. */
const open = () => new SearchProcess(control, runs, 1);

function recordOf(id: string, ...args: string[]): SearchRecord {
  const times = { startedAtMs: 1000, endedAtMs: null };
  return { id, args, status: "running", ...times, process: null, crashes: 0, said: "begun", again: false };
}

/** The number of the search's process, which is killed at the end of the test. */
function pidOf({ process: found }: SearchRecord): number {
  const { pid } = must(found);
  pids.add(pid);
  return pid;
}

/** Follows a search, as control does at each window, until its record is as wanted. */
async function follow(
  searching: SearchProcess,
  record: SearchRecord,
  isWanted: (record: SearchRecord) => boolean,
): Promise<SearchRecord> {
  let now = record;
  await eventually(() => {
    now = searching.follow(now, 2000);
    if (now.process !== null) pidOf(now);
    expect(isWanted(now), JSON.stringify(now)).toBe(true);
  }, 60_000);
  return now;
}
const isOver = ({ status }: SearchRecord) => status !== "running";

test("SearchProcess begins a search, and says when it has finished", async () => {
  const searching = open();
  const record = recordOf("helps", "--help");
  const begun = searching.follow(record, 1000);
  expect(begun).toMatchObject({ status: "running", said: "begun" });
  expect(isThere(pidOf(begun))).toBe(true);
  const ended = await follow(searching, begun, isOver);
  expect(ended).toEqual({ ...record, status: "finished", endedAtMs: 2000, said: "      this text" });
  expect(readFileSync(logOf("helps"), "utf8")).toContain("Usage: npm run search -- [flags]");
  expect(searching.follow(ended, 3000)).toBe(ended);
}, 120_000);

test("SearchProcess says what a search said last that failed", async () => {
  const ended = await follow(open(), recordOf("fails", "--presets", "quick"), isOver);
  expect(ended).toMatchObject({ status: "failed", process: null, endedAtMs: 2000 });
  expect(ended.said).toMatch(/^error: Unknown option '--presets'.* npm run search -- --help lists the flags$/);
}, 120_000);

test("SearchProcess holds on a search that another began, at the lowest priority; stop() ends it, and it is begun again", async () => {
  const silent = await listen(() => {}, "/metrics");
  onTestFinished(silent.close);
  mkdirSync(models);
  const waits = recordOf("waits", "--metrics", silent.url, "--models", models, "--runs", runs);
  const [first, second, third] = [open(), open(), open()] as const;
  const begun = first.follow(waits, 1000);
  const pid = pidOf(begun);
  expect(second.follow(begun, 2000).process).toEqual(begun.process);
  await eventually(() => expect(getPriority(pid)).toBe(constants.priority.PRIORITY_LOW));

  second.stop(begun);
  await eventually(() => expect(isThere(pid)).toBe(false));
  first.stop(begun);
  const again = third.follow(begun, 3000);
  expect(again).toMatchObject({ status: "running", args: waits.args });
  const next = pidOf(again);
  expect(next).not.toBe(pid);
  third.stop(again);
  await eventually(() => expect(isThere(next)).toBe(false));
}, 120_000);

// Whether the process of a lock lives is read from /proc.
test.runIf(process.platform === "linux")(
  "SearchProcess finds a search whose number nobody wrote down by its run's lock, and begins it again when it was killed",
  async () => {
    const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { detached: true, stdio: "ignore" });
    const pid = must(other.pid);
    pids.add(pid);
    const run = join(runs, "locked");
    mkdirSync(run, { recursive: true });
    writeFileSync(join(run, "lock"), JSON.stringify({ pid, host: hostname() }));
    const searching = open();
    const held = searching.follow(recordOf("locked", "--help"), 1000);
    expect(held).toMatchObject({ status: "running", process: { pid } });
    expect(existsSync(logOf("locked"))).toBe(false);

    kill(pid);
    const killed = await follow(searching, held, ({ crashes }) => crashes > 0);
    expect(killed).toMatchObject({ status: "running", process: null, crashes: 1 });
    expect(await follow(searching, killed, isOver)).toMatchObject({ status: "finished", crashes: 0 });
  },
  120_000,
);

test("SearchProcess gives a search up that is killed five times in a row", async () => {
  const searching = open();
  let record = recordOf("killed", "--help");
  for (let times = 1; times <= 5; times++) {
    const begun = searching.follow(record, 1000);
    kill(pidOf(begun));
    record = await follow(searching, begun, (one) => one.process === null);
    expect(record.crashes).toBe(times);
  }
  expect(record).toMatchObject({ status: "failed", endedAtMs: 2000, said: "it was killed 5 times in a row" });
  expect(searching.follow(record, 3000)).toBe(record);
}, 120_000);
