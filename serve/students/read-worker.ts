import { setPriority } from "node:os";
import { answerCalls } from "../../src/threads/answer-calls.ts";
import type { Request } from "../engine/thread.ts";
import { loadTokenizerReader, readGraphs, readTokenizerOf } from "./read-student.ts";

/** A thread that reads students' files. It lives as long as there is something to read: what it leaves behind goes with it. */
answerCalls((call: Request) => {
  if ("yielding" in call && call.yielding) yieldToOthers();
  switch (call.kind) {
    case "prepare":
      return loadTokenizerReader().then(() => undefined);
    case "read-graphs":
      return readGraphs(call.student, call.memory);
    case "read-tokenizer":
      return readTokenizerOf(call.student);
    default:
      throw new Error(`a thread that reads students was asked to ${call.kind}`);
  }
});

/** On Linux a priority is a thread's; elsewhere it would be the process's. */
function yieldToOthers(): void {
  if (process.platform !== "linux") return;
  try {
    setPriority(0, 10);
  } catch {
    // Not allowed here: then it reads at the others' priority.
  }
}
