import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";

/** The machine and runtime that a latency was measured on, in words. */
export function machine(): { cpu: string; runtime: string } {
  const [first] = cpus();
  const path = createRequire(import.meta.url).resolve("onnxruntime-node/package.json");
  const { version } = JSON.parse(readFileSync(path, "utf8")) as { version: string };
  return {
    cpu: `${first?.model.trim() || "unknown CPU"} (${cpus().length} cores)`,
    runtime: `onnxruntime-node ${version}`,
  };
}
