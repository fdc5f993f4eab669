import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readManifest } from "../src/contract/manifest.ts";
import { studentFolder } from "../src/contract/models-folder.ts";
import { replaceFile } from "../src/replace-file.ts";
import type { Log } from "./command/command.ts";
import { readJournal } from "./explore/journal.ts";
import { knownLatencies } from "./known-latencies.ts";
import { reportHtml } from "./report/report.ts";
import { budgetsOf, cardLatency, type FinishedStudent } from "./report/report-data.ts";
import { productionPath, readProduction } from "./reward/production/production-file.ts";

export interface ReportPlace {
  readonly id: string;
  readonly runs: string;
  readonly models: string;
}

/** Makes `runs/<id>/report.html` of the journal and the students finished so far. @returns its path. */
export function writeReport({ id, runs, models }: ReportPlace): string {
  const folder = join(runs, id);
  const { header, trials } = readJournal(join(folder, "journal.jsonl"));
  const production = productionPath(runs, id);
  const html = reportHtml({
    searchId: id,
    created: header.created,
    settings: header.settings,
    budgetsMs: budgetsOf(header.settings),
    trials,
    students: finishedStudents(folder, models),
    calibration: knownLatencies(runs),
    production: existsSync(production) ? readProduction(production) : null,
  });
  const path = join(folder, "report.html");
  replaceFile(path, html);
  return path;
}

/** As `writeReport`, for a running search, which must not end because its report could not be made. */
export function keepReport(place: ReportPlace, log: Log): void {
  try {
    writeReport(place);
  } catch (error) {
    log(`report · not written: ${(error as Error).message}`);
  }
}

/** A student's folder is `<run>/<name>-<architecture>/student`; of one that is served the manifest there is the newer one. */
function finishedStudents(folder: string, models: string): FinishedStudent[] {
  const paths = readdirSync(folder).map((name) => join(folder, name, "student", "manifest.json"));
  const students = paths
    .filter((path) => existsSync(path))
    .map((path): FinishedStudent => {
      const own = readManifest(path);
      const servedPath = join(studentFolder(models, own.name), "manifest.json");
      const served = existsSync(servedPath) ? readManifest(servedPath) : null;
      return served?.version === own.version
        ? { manifest: served, isServed: true }
        : { manifest: own, isServed: false };
    });
  return students.sort((a, b) => cardLatency(a.manifest).p50Ms - cardLatency(b.manifest).p50Ms);
}
