import { parentPort, type Transferable } from "node:worker_threads";
import { must } from "../invariant.ts";
import type { Answer, Call, Failure } from "./calls.ts";

/** An answer whose buffers leave the thread in place of being copied. */
export class HandedOver {
  readonly value: unknown;
  readonly buffers: readonly Transferable[];

  constructor(value: unknown, buffers: readonly Transferable[]) {
    this.value = value;
    this.buffers = buffers;
  }
}

/**
 * The inside of a `CalledThread`: answers each call with a value, or with what is left of the error. Calls are begun in their order,
 * and one that waits lets the next begin. The port has to be closed from inside: a thread that is terminated amid a run of the runtime
 * takes the process with it.
 */
export function answerCalls<Request extends { readonly kind: string }>(execute: (request: Request) => unknown): void {
  const port = must(parentPort, "the parent's port");
  port.on("message", async ({ serial, ...request }: Call<Request>) => {
    if (request.kind === "close") return port.close();
    const answer = await attempt(() => execute(request as unknown as Request));
    const { value, buffers } = answer.value instanceof HandedOver ? answer.value : { value: answer.value, buffers: [] };
    port.postMessage({ ...answer, serial, value } satisfies Answer, buffers);
  });
}

async function attempt(execute: () => unknown): Promise<Pick<Answer, "value" | "failure">> {
  try {
    return { value: await execute() };
  } catch (cause) {
    return { failure: toFailure(cause as Failure) };
  }
}

/** All that crosses of an error. */
function toFailure({ name, message, code, reason }: Failure): Failure {
  return { name, message, ...(code === undefined ? {} : { code }), ...(reason === undefined ? {} : { reason }) };
}
