import { parentPort } from "node:worker_threads";
import { must } from "../src/invariant.ts";
import { BadStudentError } from "./load-failure.ts";
import type { Answer, Call } from "./thread.ts";

/**
 * The inside of a thread: answers each call of `thread.ts` with a value, or the failure's name and message. The port has
 * to be closed from inside: a thread that is terminated amid a run takes the process with it.
 */
export function answerCalls(execute: (call: Call) => unknown): void {
  const port = must(parentPort, "the parent's port");
  port.on("message", async (call: Call) => {
    if (call.kind === "close") port.close();
    else port.postMessage(await answer(call, execute));
  });
}

async function answer(call: Call, execute: (call: Call) => unknown): Promise<Answer> {
  try {
    return { serial: call.serial, value: await execute(call) };
  } catch (cause) {
    const { name, message } = cause as Error;
    const reason = cause instanceof BadStudentError ? { reason: cause.reason } : {};
    return { serial: call.serial, failure: { name, message, ...reason } };
  }
}
