import { invariant } from "../../src/invariant.ts";
import { webAssembly } from "../../src/wasm/web-assembly.ts";
import type { Kernels } from "./wasm-kernels.ts";
import { createKernels } from "./wasm-kernels.ts";

/** Floats a stretch is rounded up to: one cache line, and a multiple of what the kernels take at a time. */
const lineFloats = 16;
const pageBytes = 65_536;
const maximumPages = 65_536;

/**
 * One block of memory in which parameters, gradients and moments live: the kernels work on it by address, and the runtime
 * reads and writes the same bytes through tensors over its views. It never grows, since growing would detach every view.
 */
export interface Arena {
  readonly kernels: Kernels;
  /** The next free stretch, zeroed, aligned to 64 bytes. */
  allocate(length: number): Float32Array<ArrayBuffer>;
}

/** Floats that a stretch of this length takes in an arena. */
export function paddedLength(length: number): number {
  return Math.ceil(length / lineFloats) * lineFloats;
}

/** @param floatCount room, in floats; the sum of `paddedLength` over everything that will be allocated. At most 2³⁰. */
export function createArena(floatCount: number): Arena {
  const pages = Math.max(1, Math.ceil((floatCount * 4) / pageBytes));
  invariant(pages <= maximumPages, `an arena holds at most 4 GiB, not ${pages * pageBytes} bytes`);
  const memory = new webAssembly.Memory({ initial: pages, maximum: pages });
  const capacity = pages * (pageBytes / 4);
  let used = 0;
  return {
    kernels: createKernels(memory),
    allocate: (length) => {
      const from = used;
      used += paddedLength(length);
      invariant(used <= capacity, `the arena has room for ${capacity} floats, not for ${used}`);
      return new Float32Array(memory.buffer, from * 4, length);
    },
  };
}
