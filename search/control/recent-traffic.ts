import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { metricNames } from "../../src/contract/metrics.ts";
import { readJson } from "../../src/json-file.ts";
import { replaceFileDurably } from "../../src/replace-file.ts";
import { infoLabels, neededCounters } from "../reward/production/read-traffic.ts";
import { addUp, type Labels, type Traffic } from "../reward/production/traffic.ts";
import type { Look } from "./observer.ts";

/**
 * `<runs>/control/traffic.json`: what servers counted in the last windows, a part each, which production's latency model is learned
 * from. A server's own counters hold all since its start, so they cannot tell how production is of late; what control has seen between its
 * looks can. On disk, so that a control that was killed does not begin anew.
 */
const LabelSet = z.record(z.string(), z.string());
const Window = z.strictObject({
  seconds: z.number().positive(),
  servers: z.int().positive(),
  machines: z.array(LabelSet),
  students: z.array(LabelSet),
  /** Of all servers together. */
  samples: z.array(z.strictObject({ name: z.string(), labels: LabelSet, value: z.number() })),
});
type Window = Readonly<z.infer<typeof Window>>;
const RecentTraffic = z.strictObject({ format: z.literal(1), windows: z.array(Window) });

/** Of late: as many parts as the search cuts the time into that it reads from a Prometheus. */
const windowsKept = 10;

/** Adds what a look has seen; what no server gave is no window. */
export function keepTraffic(controlFolder: string, look: Pick<Look, "windows" | "gains">): void {
  if (look.windows.length === 0) return;
  const windows = [...readWindows(controlFolder), toWindow(look)].slice(-windowsKept);
  replaceFileDurably(pathIn(controlFolder), `${JSON.stringify({ format: 1, windows })}\n`);
}

/** Null before the first window. @throws {BadFileError} when the file is damaged. */
export function recentTraffic(controlFolder: string): Traffic | null {
  const windows = readWindows(controlFolder);
  if (windows.length === 0) return null;
  return {
    parts: windows.map(({ samples }) => samples),
    seconds: windows.reduce((sum, { seconds }) => sum + seconds, 0),
    servers: Math.max(...windows.map(({ servers }) => servers)),
    restarts: 0,
    machines: windows.flatMap(({ machines }) => machines),
    students: windows.flatMap(({ students }) => students),
  };
}

function toWindow({ windows, gains }: Pick<Look, "windows" | "gains">): Window {
  const all = gains.flat();
  return {
    seconds: Math.max(...windows.map(({ seconds }) => seconds)),
    servers: windows.length,
    machines: withoutDoubles(infoLabels(all, metricNames.machineInfo)),
    students: withoutDoubles(infoLabels(all, metricNames.studentInfo)),
    samples: addUp(gains.map(neededCounters)),
  };
}

function withoutDoubles(labels: readonly Labels[]): Record<string, string>[] {
  return [...new Map(labels.map((each) => [JSON.stringify(each), { ...each }])).values()];
}

function readWindows(controlFolder: string): Window[] {
  const path = pathIn(controlFolder);
  return existsSync(path) ? readJson(path, RecentTraffic, "not usable").windows : [];
}

function pathIn(controlFolder: string): string {
  return join(controlFolder, "traffic.json");
}
