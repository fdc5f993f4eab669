import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { fromFloat32, readFloatTensors, writeSafetensors } from "../graph/safetensors.ts";
import type { Weights } from "./weights.ts";

/** Writes weights as one safetensors file, atomically. */
export function saveWeights(path: string, weights: Weights): void {
  mkdirSync(dirname(path), { recursive: true });
  writeSafetensors(path, new Map([...weights].map(([name, { dims, data }]) => [name, fromFloat32(dims, data)])));
}

/** Reads such a file; null when there is none. */
export function loadWeights(path: string): Weights | null {
  return existsSync(path) ? readFloatTensors(path) : null;
}
