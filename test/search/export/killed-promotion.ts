import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { promoteCandidate } from "../../../search/export/candidate-folder.ts";
import { promote } from "../../../search/export/export-student.ts";

/**
 * Promotes a student (`promote()`, as searches do, or `promoteCandidate()`, as control and `npm run rollout` do) and is killed by SIGKILL at its
 * `step`th change of a folder: before it, or amid it where a folder is copied or removed. Ends by itself when it has fewer steps.
 */
const [, , root = "", how = "", step = "1"] = process.argv;
const models = join(root, "models");
const real = { ...fs };
let left = Number(step);

function killAt(name: "renameSync" | "mkdirSync" | "rmdirSync" | "rmSync" | "cpSync"): void {
  const call = real[name] as (...args: unknown[]) => unknown;
  const counted = (...args: unknown[]) => {
    left--;
    if (left > 0) return call(...args);
    if (name === "rmSync") removeHalf(args[0] as string);
    if (name === "cpSync") copyHalf(args[0] as string, args[1] as string);
    process.kill(process.pid, "SIGKILL");
  };
  Object.assign(fs, { [name]: counted });
}

/** The manifest, which makes a folder a student, is what is there too early and too late. */
function copyHalf(from: string, to: string): void {
  real.mkdirSync(to, { recursive: true });
  real.copyFileSync(join(from, "manifest.json"), join(to, "manifest.json"));
}

function removeHalf(folder: string): void {
  const names = real.existsSync(folder) ? real.readdirSync(folder) : [];
  for (const name of names) if (name !== "manifest.json") real.rmSync(join(folder, name), { recursive: true });
}

// Who imports these by name sees what is put here.
for (const name of ["renameSync", "mkdirSync", "rmdirSync", "rmSync", "cpSync"] as const) killAt(name);
syncBuiltinESMExports();

if (how === "promote") promote({ folder: join(root, "run"), names: [] }, models, "one-2ms");
else promoteCandidate(models, "one-2ms", "a test", new Date());
