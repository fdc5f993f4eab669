import { existsSync, rmSync } from "node:fs";
import { BadFileError } from "../../src/errors.ts";
import { openSafetensors, type StoredTensor, toFloat32, writeSafetensors } from "../graph/safetensors.ts";
import type { Trainer } from "./trainer.ts";

/** How far a training has come. */
export interface Position {
  readonly steps: number;
  readonly tokens: number;
}

/** Writes weights, moments and position as one file, atomically: a kill leaves the old checkpoint or the new one. */
export function saveCheckpoint(path: string, trainer: Trainer, { steps, tokens }: Position): void {
  const tensors = new Map<string, StoredTensor>([["position", fromIntegers(Uint32Array.of(steps, tokens))]]);
  for (const [name, values] of trainer.state()) {
    tensors.set(name, values instanceof Uint32Array ? fromIntegers(values) : fromFloats(values));
  }
  writeSafetensors(path, tensors);
}

/** Takes up a checkpoint, if there is one, and says where it stood. @throws {BadFileError} when it is none, or of another model. */
export function loadCheckpoint(path: string, trainer: Trainer): Position {
  if (!existsSync(path)) return { steps: 0, tokens: 0 };
  const file = openSafetensors(path);
  const entries = file.names.map((name): [string, Float32Array | Uint32Array] => {
    const tensor = file.read(name);
    return [name, tensor.type === "U32" ? new Uint32Array(tensor.bytes.slice().buffer) : toFloat32(tensor)];
  });
  const state = new Map(entries);
  const [steps, tokens] = state.get("position") ?? [];
  if (steps === undefined || tokens === undefined)
    throw new BadFileError(`${path}: is no checkpoint of a training; ${remedy}`);
  restore(path, trainer, state);
  return { steps, tokens };
}

const remedy = "delete this file, and the training begins anew";

function restore(path: string, trainer: Trainer, state: Parameters<Trainer["restore"]>[0]): void {
  try {
    trainer.restore(state);
  } catch (cause) {
    if (!(cause instanceof BadFileError)) throw cause;
    throw new BadFileError(`${path}: ${cause.message}; ${remedy}`, { cause });
  }
}

export function dropCheckpoint(path: string): void {
  rmSync(path, { force: true });
}

function fromIntegers(values: Uint32Array): StoredTensor {
  return {
    type: "U32",
    dims: [values.length],
    bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  };
}

function fromFloats(values: Float32Array): StoredTensor {
  return {
    type: "F32",
    dims: [values.length],
    bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  };
}
