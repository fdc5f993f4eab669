import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readManifest } from "../src/contract/manifest.ts";
import { BadFileError } from "../src/errors.ts";
import type { Log } from "./command.ts";
import type { SearchConfig } from "./config.ts";
import { readJournal } from "./journal.ts";
import { knownLatencies } from "./known-latencies.ts";
import { calibrateFrom } from "./reward/calibrate.ts";
import { formatCalibration } from "./reward/report.ts";

/** `--metrics URL`: fits the latency model to what a server saw and shows what that changes. Stops there. */
export async function showCalibration(config: SearchConfig, url: string, log: Log): Promise<void> {
  const manifests = foldersOf(config.models)
    .map((name) => join(config.models, name, "manifest.json"))
    .filter((path) => existsSync(path))
    .map(readManifest);
  const journal = join(config.runs, config.id, "journal.jsonl");
  const trials = existsSync(journal) ? readJournal(journal).trials : [];
  if (trials.length === 0) log(`${journal} holds no trials: the front is left out`);
  log(
    formatCalibration(
      await calibrateFrom(url, {
        manifests,
        trials,
        budgetsMs: config.budgetsMs,
        calibration: knownLatencies(config.runs),
      }),
    ),
  );
}

/** A folder that is being replaced has a dot before its name. */
function foldersOf(models: string): string[] {
  try {
    return readdirSync(models).filter((name) => !name.startsWith("."));
  } catch (cause) {
    throw new BadFileError(`${models}: there is no such folder of students`, { cause });
  }
}
