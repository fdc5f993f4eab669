import "./no-telemetry.ts";
import { MessageChannel } from "node:worker_threads";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { must } from "../invariant.ts";

/**
 * The only door to onnxruntime. Threads are always set: the runtime would otherwise size its pool from the host's cores,
 * not from ours. Execution is sequential, the arena stays on; both were faster in every measurement we made.
 */
export { Tensor };

export type Feeds = Readonly<Record<string, Tensor>>;

export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Runs the whole graph. `fetches` may carry pre-allocated tensors, which are then written in place. */
  run(
    feeds: Feeds,
    fetches?: readonly string[] | Readonly<Record<string, Tensor | null>>,
  ): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

export interface SessionOptions {
  /** Intra-op threads. */
  readonly threads: number;
}

type Preallocated = Readonly<Record<string, Tensor | null>>;

/** Nobody listens at its other end. */
const { port1: nowhere, port2: deaf } = new MessageChannel();
deaf.close();
nowhere.unref();

/**
 * Frees tensors of a run at once, whose data nobody reads any more, by sending them nowhere. Left to the garbage collector, some 64 MB
 * of them set it off, and what it then marks are all the texts that a process holds: of a search that asks the teacher, half of
 * its time.
 */
export function freeTensors(tensors: Iterable<Tensor>): void {
  nowhere.postMessage(
    null,
    [...tensors].map(({ data }) => (data as Float32Array<ArrayBuffer>).buffer),
  );
}

/** The runtime writes pre-allocated outputs in place and yet hands out a copy of each: of a training step, all gradients. */
function withoutCopies(results: Record<string, Tensor>, fetches: Preallocated): Record<string, Tensor> {
  const copies: Tensor[] = [];
  for (const [name, given] of Object.entries(fetches)) {
    if (given === null) continue;
    const copy = must(results[name], name);
    if ((copy.data as Float32Array).buffer !== (given.data as Float32Array).buffer) copies.push(copy);
    results[name] = given;
  }
  freeTensors(copies);
  return results;
}

/** Opens a model from a path or from its bytes. @throws whatever the runtime throws on a damaged model. */
export async function openSession(model: string | Uint8Array, options: SessionOptions): Promise<Session> {
  const settings: InferenceSession.SessionOptions = {
    executionProviders: ["cpu"],
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    enableCpuMemArena: true,
    logSeverityLevel: 3,
    // Threads that wait by spinning take the cores that other processes need, and on a busy machine each other's. Weights outside
    // of the arena are given back once they are packed for the kernels: 18 MiB less with four students in two threads.
    extra: { session: { intra_op: { allow_spinning: "0" }, use_device_allocator_for_initializers: "1" } },
  };
  const session =
    typeof model === "string"
      ? await InferenceSession.create(model, settings)
      : await InferenceSession.create(model, settings);
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    run: async (feeds, fetches) => {
      if (fetches === undefined) return (await session.run(feeds)) as Record<string, Tensor>;
      const results = (await session.run(feeds, fetches)) as Record<string, Tensor>;
      return Array.isArray(fetches) ? results : withoutCopies(results, fetches as Preallocated);
    },
    release: () => session.release(),
  };
}
