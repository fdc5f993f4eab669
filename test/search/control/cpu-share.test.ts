import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { holdToShare, nextShare, readProcess, type ShareState } from "../../../search/control/cpu-share.ts";
import { must } from "../../../src/invariant.ts";
import { eventually } from "../../fixtures/test-server.ts";

let busy: ChildProcess | undefined;
afterEach(() => {
  if (busy?.pid !== undefined) process.kill(-busy.pid, "SIGKILL");
  busy = undefined;
});

/** A process that takes all it gets, in a group of its own. */
function startBusy(): number {
  busy = spawn(process.execPath, ["-e", "for (;;);"], { detached: true, stdio: "ignore" });
  return must(busy.pid);
}

/** As proc(5) has it: R for running, T for stopped. */
function stateOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return must(stat.slice(stat.lastIndexOf(")") + 2)[0]);
}

test("nextShare() never grants more than the share and one burst, however the time goes by", () => {
  const look = fc.record({
    elapsed: fc.double({ min: 0.01, max: 5, noNaN: true }),
    greed: fc.double({ min: 0, max: 2, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(look, { maxLength: 60 }), fc.double({ min: 0.1, max: 2, noNaN: true }), (looks, cores) => {
      let state: ShareState = { stopped: false, allowance: 0 };
      let [used, elapsed, lastStep] = [0, 0, 0];
      for (const { elapsed: step, greed } of looks) {
        const taken = state.stopped ? 0 : greed * step;
        used += taken;
        elapsed += step;
        lastStep = Math.max(lastStep, taken);
        state = nextShare(state, taken, step, cores);
      }
      // What it takes between two looks is seen at the second one.
      expect(used).toBeLessThanOrEqual(cores * (elapsed + 2) + lastStep + 1e-6);
    }),
  );
});

test.runIf(process.platform === "linux")(
  "holdToShare() stops a busy process, lets it go on, and lets go of it at the end",
  async () => {
    const pid = startBusy();
    await eventually(() => expect(must(readProcess(pid)).cpuSeconds).toBeGreaterThan(0.1), 60_000);
    const before = must(readProcess(pid)).cpuSeconds;
    const start = performance.now();
    // Less than a busy machine leaves to it, or it would never have to be stopped.
    const letGo = holdToShare(pid, 0.02, 20);
    await sleep(2000);
    const used = must(readProcess(pid)).cpuSeconds - before;
    const elapsed = (performance.now() - start) / 1000;
    expect(used).toBeGreaterThan(0);
    // 0.02, a burst, and room for looks that come late on a busy machine.
    expect(used / elapsed).toBeLessThan(0.4);
    await eventually(() => expect(stateOf(pid)).toBe("T"), 60_000);
    letGo();
    await eventually(() => expect(stateOf(pid)).toBe("R"));
  },
  180_000,
);

test("readProcess() is null for a process that is gone", () => {
  expect(readProcess(2 ** 22 + 1)).toBeNull();
});
