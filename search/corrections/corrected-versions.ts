import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readManifest } from "../../src/contract/manifest.ts";
import { correctedPrefix } from "./decision.ts";

/** Versions that came of corrections to the student `<home>/student`. */
export function correctedVersions(home: string): string[] {
  const path = (name: string) => join(home, name, "student", "manifest.json");
  const names = existsSync(join(home, "student", "manifest.json")) ? readdirSync(home) : [];
  return names
    .filter((name) => name.startsWith(correctedPrefix) && existsSync(path(name)))
    .map((name) => readManifest(path(name)).version);
}
