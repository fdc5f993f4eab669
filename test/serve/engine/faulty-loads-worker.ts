import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createEngine } from "../../../serve/engine/engine.ts";
import type { SharedStudent } from "../../../serve/engine/student-batch.ts";
import type { Request } from "../../../serve/engine/thread.ts";
import { answerCalls } from "../../../src/threads/answer-calls.ts";

/**
 * The real engine, with faults on demand: it cannot load a student as long as its folder has a file `fail`; while it has a
 * file `hold` a load waits, and says so by a file `held`. A text `!die` ends the thread.
 */
const engine = createEngine();

answerCalls((call: Request) => {
  switch (call.kind) {
    case "load":
      return load(call.student);
    case "unload":
      return engine.unload(call.id);
    case "run":
      if (call.batch.texts.includes("!die")) process.exit(7);
      return engine.run(call.batch);
    default:
      throw new Error(`a thread that runs students was asked to ${call.kind}`);
  }
});

async function load(student: SharedStudent): Promise<void> {
  const has = (name: string) => existsSync(join(student.folder, name));
  if (has("fail")) throw new Error("no room");
  if (has("hold")) writeFileSync(join(student.folder, "held"), "");
  while (has("hold")) await sleep(10);
  await engine.load(student);
}
