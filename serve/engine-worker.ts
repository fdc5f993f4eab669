import { parentPort } from "node:worker_threads";
import { must } from "../src/invariant.ts";
import { createEngine } from "./engine.ts";
import type { Answer, Call } from "./thread.ts";

/** A thread that runs students: answers each call of `thread.ts` with a value or the failure's name and message. */
const port = must(parentPort, "the parent's port");
const engine = createEngine();

/** The port has to be closed from inside: a thread that is terminated amid a run takes the process with it. */
function execute(call: Call): unknown {
  switch (call.kind) {
    case "load":
      return engine.load(call.student);
    case "unload":
      return engine.unload(call.id);
    case "run":
      return engine.run(call.batch);
    case "close":
      return port.close();
  }
}

port.on("message", async (call: Call) => {
  let answer: Answer;
  try {
    answer = { serial: call.serial, value: await execute(call) };
  } catch (cause) {
    const { name, message } = cause as Error;
    answer = { serial: call.serial, failure: { name, message } };
  }
  port.postMessage(answer);
});
