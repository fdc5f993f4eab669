import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { readDataFolder } from "../../search/corpus/datasets.ts";
import { calibrationPath, readCalibration } from "../../search/reward/calibration-file.ts";
import { timedLengths } from "../../search/timed-lengths.ts";
import { must } from "../../src/invariant.ts";
import { machine } from "../../src/onnx/machine.ts";
import { listen } from "../fixtures/listen.ts";
import { runToEnd } from "./command-line.ts";

/** Commands of README that stand by themselves. */
const root = mkdtempSync(join(tmpdir(), "kdnas-commands-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A catalogue of one set, whose original lies at this address. */
function catalogueOf(name: string, url: string): string {
  const entry = {
    ...{ name, task: "sentiment", language: "nl", licence: "CC0-1.0" },
    ...{ source: "https://example.org/moods", commit: "0".repeat(40) },
    files: [{ url, split: { column: "part", values: { a: "train", b: "val" } } }],
    format: { delimiter: ",", quotes: true, header: true },
    text: "tweet",
    label: { column: "mood", values: { POS: "2", NEG: "0" } },
  };
  const path = join(root, `${name}.json`);
  writeFileSync(path, JSON.stringify([entry]));
  return path;
}

test("npm run data fetches what a data folder lacks, and says what it could not get", async () => {
  const originals = await listen((request, reply) => {
    reply.writeHead(request.url === "/moods.csv" ? 200 : 404).end("tweet,mood,part\nLeuk hoor,POS,a\nBah,NEG,b\n");
  });
  onTestFinished(originals.close);
  const data = join(root, "data");
  const fetchSet = (name: string) => {
    const catalogue = catalogueOf(name, `${originals.url}/${name}.csv`);
    return runToEnd("search/corpus/fetch-main.ts", ["--data", data, "--catalogue", catalogue]);
  };
  expect(await fetchSet("moods")).toEqual({ code: 0, stdout: "moods: fetched\n", stderr: "" });
  expect(await fetchSet("moods")).toEqual({ code: 0, stdout: "moods: already there\n", stderr: "" });
  expect(await fetchSet("gone")).toEqual({
    code: 1,
    stdout: `gone: missing: ${originals.url}/gone.csv: status 404\n`,
    stderr: "error: 1 sets are missing: gone\n",
  });
  const { dataSets } = await readDataFolder(data);
  expect(dataSets).toMatchObject([{ name: "moods", task: "sentiment", languages: ["nl"], licence: "CC0-1.0" }]);
}, 60_000);

test("npm run calibrate times students on this machine, and leaves what searches here go by", async () => {
  const runs = join(root, "runs");
  const args = ["--runs", runs, "--seconds", "1", "--students", "4"];
  const { code, stdout, stderr } = await runToEnd("search/calibrate-main.ts", args);
  expect([code, stderr]).toEqual([0, ""]);
  const path = calibrationPath(runs, machine());
  expect(stdout).toMatch(/^.+, onnxruntime-node \S+: 4 students in \d+ s\n/);
  expect(stdout).toContain(`\n${path} · searches with --runs ${runs} on this machine use it from now on\n`);
  const { students } = must(readCalibration(path));
  expect(students).toHaveLength(4);
  for (const { lengths } of students) expect(lengths.map(({ tokens }) => tokens)).toEqual(timedLengths);
}, 120_000);
