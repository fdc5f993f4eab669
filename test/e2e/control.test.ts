import { mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Control, type ControlOptions, controlFolderOf } from "../../search/control/control.ts";
import { standardSettings } from "../../search/control/settings.ts";
import { readManifest } from "../../src/contract/manifest.ts";
import { readRollouts, standardRolloutRule } from "../../src/contract/rollout.ts";
import { eventually, startTestServer, type TestServer } from "../fixtures/test-server.ts";
import { writeTinyStudent } from "../fixtures/tiny-student.ts";

let server: TestServer;
let runs: string;
const log: string[] = [];
beforeAll(async () => {
  server = await startTestServer([{ name: "one-50ms", layers: 0, score: 0.5 }]);
  runs = join(dirname(server.models), "runs");
  mkdirSync(runs);
}, 240_000);
afterAll(async () => {
  await server.end();
  rmSync(runs, { recursive: true, force: true });
});

const live = () => readManifest(join(server.models, "one-50ms", "manifest.json")).version;
const served = async () => /kdnas_student_info\{student="one-50ms",version="(\w+)"/.exec(await metrics())?.[1];
const metrics = async () => (await fetch(`${server.url}/metrics`)).text();

function options(): ControlOptions {
  return {
    mode: "act",
    urls: [`${server.url}/metrics`],
    models: server.models,
    runs,
    controlFolder: controlFolderOf(runs),
    searchFlags: [],
    cpuShare: 0.5,
    shadowShare: 1,
    // Some requests must be left to the live student: latencies are compared on the same traffic.
    canaryShare: 0.5,
    // Of random weights, whose labels need not agree.
    rule: { ...standardRolloutRule, minTexts: 20, minMinutes: 0, minAgreement: 0, maxP95Ratio: 1000 },
    thresholds: { ...standardSettings, minTexts: 1, confirmWindows: 1 },
    production: null,
    maxAgeMs: 60_000,
  };
}

async function ask(): Promise<void> {
  const inputs = Array.from({ length: 30 }, (_, i) => `the movie ${i} was great`);
  expect((await server.post("/v1/sentiment", { inputs })).status).toBe(200);
}

/** Windows with traffic between them; a new control each time, as one that is killed after each window. */
async function windows(until: () => boolean): Promise<void> {
  let control = new Control(options(), (line) => log.push(line));
  await control.window(Date.now());
  for (let i = 0; i < 40 && !until(); i++) {
    await ask();
    await control.window(Date.now());
    if (i % 3 === 2) {
      control = new Control(options(), (line) => log.push(line));
      control.resume(Date.now());
      await control.window(Date.now());
    }
  }
  expect(until(), log.join("\n")).toBe(true);
}

test("Control takes a better student through shadow and canary into the place of the live one, on a real server", async () => {
  const before = live();
  const better = { name: "one-50ms", layers: 0, seed: 2, score: 0.7 };
  const { version } = writeTinyStudent(join(makeRun("better"), "student"), better);
  await windows(() => live() === version);
  expect(version).not.toBe(before);
  await eventually(async () => expect(await served()).toBe(version), 60_000);
  const steps = readRollouts(server.models).rollouts[0]?.history.map(({ to }) => to);
  expect(steps).toEqual(["shadow", "canary", "promoting", "promoted"]);
}, 240_000);

function makeRun(name: string): string {
  const folder = join(runs, name, "one-50ms-static");
  mkdirSync(folder, { recursive: true });
  return folder;
}
