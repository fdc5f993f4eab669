import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type ProductionFile, readProduction, writeProduction } from "../reward/production/production-file.ts";
import type { ControlRecord } from "./record.ts";

/**
 * `<runs>/control/production.json`: what production taught about latency, as a search's `--metrics` writes it. Control learns it anew when it
 * recalibrates; while it is there, students are ranked by it and searches aim at it.
 */
export function keptProductionPath(controlFolder: string): string {
  return join(controlFolder, "production.json");
}

/** Null where nothing was learned, or what was learned holds no more. @throws {BadFileError} when it is damaged. */
export function readKeptProduction(controlFolder: string): ProductionFile | null {
  const path = keptProductionPath(controlFolder);
  return existsSync(path) ? readProduction(path) : null;
}

export function forgetProduction(controlFolder: string): void {
  rmSync(keptProductionPath(controlFolder), { force: true });
}

/**
 * `--production FILE`: what somebody learned before is where control begins, unless control knows of a later time.
 * @returns whether it was taken up. @throws {BadFileError} when the file is missing or damaged.
 */
export function takeUpProduction(file: string, controlFolder: string, { state }: ControlRecord): boolean {
  const given = readProduction(file);
  const givenMs = Date.parse(given.created);
  const own = readKeptProduction(controlFolder);
  const { recalibrate = 0 } = state.lastAtMs;
  if (givenMs <= Math.max(recalibrate, own === null ? 0 : Date.parse(own.created))) return false;
  writeProduction(keptProductionPath(controlFolder), given);
  return true;
}
