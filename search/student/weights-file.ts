import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { fromFloat32, openSafetensors, toFloat32, writeSafetensors } from "../graph/safetensors.ts";
import type { Weights } from "./weights.ts";

/** Writes weights as one safetensors file, atomically. */
export function saveWeights(path: string, weights: Weights): void {
  mkdirSync(dirname(path), { recursive: true });
  writeSafetensors(path, new Map([...weights].map(([name, { dims, data }]) => [name, fromFloat32(dims, data)])));
}

/** Reads such a file; null when there is none. */
export function loadWeights(path: string): Weights | null {
  if (!existsSync(path)) return null;
  const file = openSafetensors(path);
  return new Map(
    file.names.map((name) => {
      const tensor = file.read(name);
      return [name, { dims: tensor.dims, data: toFloat32(tensor) }];
    }),
  );
}
