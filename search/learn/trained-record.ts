import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readOwnJson } from "../../src/json-file.ts";
import { replaceFile } from "../../src/replace-file.ts";
import type { Log } from "../command/command.ts";
import { readFinished } from "./finished-student.ts";
import type { Ended } from "./train-each.ts";

type Outcome = Pick<Ended, "trained" | "failed">;

const Trained = z.strictObject({
  /** Of the command that trained them, its data among them. */
  settings: z.string(),
  /** Of their artefacts. */
  folders: z.array(z.string()),
  /** Names of the students that came to nothing; older records do not have it. */
  failed: z.array(z.string()).default([]),
});

/**
 * What a command has trained, in `trained.json` of its run from before the first is promoted until all is done: whoever is killed in
 * between would take the promoted ones for students to train, since rounds go by the version that is served.
 */
export function keepTrained(run: string, settings: string, { trained, failed }: Outcome): void {
  const folders = trained.map(({ files }) => files.folder);
  replaceFile(pathIn(run), `${JSON.stringify({ settings, folders, failed }, null, 1)}\n`);
}

/** What the same command had trained when it was killed; null where it was not, or another was. @throws {BadFileError} */
export function keptTrained(run: string, settings: string, log: Log): Outcome | null {
  const path = pathIn(run);
  if (!existsSync(path)) return null;
  const kept = readOwnJson(path, Trained, "does not say what was trained; remove it to train again");
  if (kept.settings !== settings) return null;
  const trained = kept.folders.map(readFinished);
  const names = trained.map(({ manifest }) => manifest.name);
  log(`${names.join(", ")} · taken up as the same command had trained them (${path})`);
  return { trained, failed: kept.failed };
}

export function dropTrained(run: string): void {
  rmSync(pathIn(run), { force: true });
}

function pathIn(run: string): string {
  return join(run, "trained.json");
}
