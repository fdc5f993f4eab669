import { existsSync } from "node:fs";
import { join } from "node:path";
import { readManifest } from "../src/contract/manifest.ts";
import { studentFolders } from "../src/contract/models-folder.ts";
import { BadFileError } from "../src/errors.ts";
import type { Log } from "./command/command.ts";
import type { SearchConfig } from "./config.ts";
import { readJournal } from "./explore/journal.ts";
import { knownLatencies } from "./known-latencies.ts";
import { calibrationPath, readCalibration } from "./reward/calibration-file.ts";
import { calibrate } from "./reward/production/calibrate.ts";
import { formatCalibration } from "./reward/production/describe.ts";
import { productionPath, toProductionFile, writeProduction } from "./reward/production/production-file.ts";
import { readTraffic } from "./reward/production/read-traffic.ts";
import { keepReport } from "./write-report.ts";

/**
 * `--metrics URL`: fits the latency model to what servers saw, shows what that changes for the run's trials, and keeps it beside
 * them for the report and for searches with `--production`. Stops there.
 */
export async function calibrateFromProduction(config: SearchConfig, log: Log): Promise<void> {
  if (!existsSync(config.models)) throw new BadFileError(`${config.models}: there is no such folder of students`);
  const manifests = studentFolders(config.models)
    .map((folder) => join(folder, "manifest.json"))
    .filter((path) => existsSync(path))
    .map(readManifest);
  const journal = join(config.runs, config.id, "journal.jsonl");
  const trials = existsSync(journal) ? readJournal(journal).trials : [];
  const { urls, ...options } = config.metrics;
  const traffic = await readTraffic(urls, options);
  const calibration = calibrate(traffic, {
    manifests,
    trials,
    known: knownLatencies(config.runs),
    calibrationOf: (machine) => readCalibration(calibrationPath(config.runs, machine)),
  });
  log(formatCalibration(calibration, traffic, { trials, budgetsMs: config.budgetsMs }));
  if (trials.length === 0) log(`${journal} holds no trials: budgets and front are left out (--id names another run)`);
  const path = productionPath(config.runs, config.id);
  writeProduction(path, toProductionFile(calibration, new Date()));
  if (trials.length > 0) keepReport(config, log);
  log(`${path} · a search aims at this traffic with --production ${path}`);
}
