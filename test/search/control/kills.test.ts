import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openStore } from "../../../search/control/store.ts";
import { finishPromotions } from "../../../search/export/candidate-folder.ts";
import { readManifest } from "../../../src/contract/manifest.ts";
import { studentFolder } from "../../../src/contract/models-folder.ts";
import { readRollouts } from "../../../src/contract/rollout.ts";
import { createRandom } from "../../../src/random.ts";
import { start, untilWritten } from "../../e2e/command-line.ts";
import { writeTinyStudent } from "../../fixtures/tiny-student.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-control-kills-"));
const models = join(root, "models");
let versions: string[];
beforeAll(() => {
  mkdirSync(models);
  versions = [1, 2].map((seed) => {
    const folder = join(root, seed === 1 ? "a" : "b");
    return writeTinyStudent(folder, { name: "one-2ms", layers: 0, seed }).version;
  });
  cpSync(join(root, "a"), join(models, "one-2ms"), { recursive: true });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const live = () => readManifest(join(studentFolder(models, "one-2ms"), "manifest.json")).version;
const promotions = () => readRollouts(models).rollouts[0]?.history.filter(({ to }) => to === "promoted").length ?? 0;

test("control that is killed at any moment finishes what it began, and never leaves two live versions or none", async () => {
  const seed = Date.now() % 1e6;
  const random = createRandom(seed);
  for (let kill = 1; kill <= 6; kill++) {
    const looping = start("test/search/control/rollout-loop.ts", [root]);
    const step = 1 + random.int(8);
    await untilWritten(looping, `step ${step};`);
    const afterMs = 20 * random.next();
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    looping.child.kill("SIGKILL");
    expect(await looping.ended, looping.stderr()).toBeNull();

    const where = `kill ${kill} ${afterMs.toFixed(0)} ms after step ${step}, seed ${seed}`;
    expect(versions, where).toContain(live());
    expect(openStore(join(root, "runs", "control")).read().format, where).toBe(1);
    finishPromotions(models, new Date());
    expect(versions, where).toContain(live());
    // A server serves each folder below models/ that does not begin with a dot.
    expect(readdirSync(models).filter((name) => existsSync(join(models, name, "manifest.json")))).toEqual(["one-2ms"]);
    const beside = readRollouts(models).rollouts[0]?.now;
    if (beside) {
      expect(beside.candidate.version, where).not.toBe(live());
      expect(readManifest(join(models, beside.candidate.folder, "manifest.json")).version, where).toBe(
        beside.candidate.version,
      );
    }
  }
  expect(promotions()).toBeGreaterThan(0);
}, 240_000);
