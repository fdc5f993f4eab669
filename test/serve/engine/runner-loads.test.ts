import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createRunner } from "../../../serve/engine/runner.ts";
import { createLog } from "../../../serve/log.ts";
import { readStudent } from "../../../serve/students/read-student.ts";
import { UnavailableError } from "../../../src/errors.ts";
import { eventually } from "../../fixtures/test-server.ts";
import { writeTinyStudent } from "../../fixtures/tiny-student.ts";

/** A worker takes its time to come up on a busy machine. */
const patienceMs = 60_000;
const entry = new URL("./faulty-loads-worker.ts", import.meta.url);

/** A runner with one worker that has these students; files in their folders are orders to it. */
async function runnerWith(ids: readonly string[]) {
  const root = mkdtempSync(join(tmpdir(), "kdnas-runner-"));
  const log: string[] = [];
  const lines = createLog({ write: (line) => void log.push(line) });
  const runner = createRunner({ workers: 1, runTimeoutMs: patienceMs, log: lines, entry });
  onTestFinished(async () => {
    await runner.close();
    rmSync(root, { recursive: true, force: true });
  });
  for (const id of ids) {
    const folder = join(root, id);
    const manifest = writeTinyStudent(folder, { name: id, layers: 0 });
    await runner.load(await readStudent({ id, folder, manifest, maxTokens: 16 }, new SharedArrayBuffer(1 << 20)));
  }
  const batch = { studentId: ids[0] ?? "", input: "text", tasks: ["sentiment"], tokenBudget: 64 } as const;
  return { runner, log, fileOf: (id: string, name: string) => join(root, id, name), batch };
}

test(
  "a student that a new worker could not load is tried again, and the others are served meanwhile",
  async () => {
    const { runner, log, fileOf, batch } = await runnerWith(["a", "b"]);
    writeFileSync(fileOf("b", "fail"), "");
    await expect(runner.run({ ...batch, texts: ["!die"] })).rejects.toThrow(UnavailableError);
    await eventually(() => expect(runner.health().up).toBe(1), patienceMs);
    expect([runner.serves("a"), runner.serves("b")]).toEqual([true, false]);
    expect(log.join("")).toContain("a new worker could not load b");
    rmSync(fileOf("b", "fail"));
    await eventually(() => expect(runner.idle("b")).toBe(1), patienceMs);
    expect((await runner.run({ ...batch, studentId: "b", texts: ["good"] })).logits.sentiment).toHaveLength(3);
  },
  3 * patienceMs,
);

test(
  "close() does not wait for a student that is to be tried again",
  async () => {
    const { runner, fileOf, batch } = await runnerWith(["a", "b"]);
    writeFileSync(fileOf("b", "fail"), "");
    await expect(runner.run({ ...batch, texts: ["!die"] })).rejects.toThrow(UnavailableError);
    await eventually(() => expect(runner.health().up).toBe(1), patienceMs);
    await runner.close();
  },
  2 * patienceMs,
);

test(
  "a new worker is given nothing before it has all students, whatever is unloaded meanwhile",
  async () => {
    const { runner, fileOf, batch } = await runnerWith(["a", "b", "c"]);
    const seen: (readonly [idle: number, up: number])[] = [];
    runner.onIdle = () => void seen.push([runner.idle("a"), runner.health().up]);
    writeFileSync(fileOf("b", "hold"), "");
    await expect(runner.run({ ...batch, texts: ["!die"] })).rejects.toThrow(UnavailableError);
    await eventually(() => expect(existsSync(fileOf("b", "held"))).toBe(true), patienceMs);
    await runner.unload("b");
    rmSync(fileOf("b", "hold"));
    await eventually(() => expect(runner.health().up).toBe(1), patienceMs);
    expect(seen).toContainEqual([1, 1]);
    expect(seen).not.toContainEqual([1, 0]);
    expect(runner.idle("c")).toBe(1);
  },
  3 * patienceMs,
);
