import { answerCalls } from "../../src/threads/answer-calls.ts";
import { createEngine } from "./engine.ts";
import type { Request } from "./thread.ts";

/** A thread that runs students. */
const engine = createEngine();

answerCalls((call: Request) => {
  switch (call.kind) {
    case "load":
      return engine.load(call.student);
    case "unload":
      return engine.unload(call.id);
    case "run":
      return engine.run(call.batch);
    default:
      throw new Error(`a thread that runs students was asked to ${call.kind}`);
  }
});
