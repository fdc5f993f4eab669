import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { controlFolderOf, type Mode } from "../../../search/control/control.ts";
import { lockControl } from "../../../search/control/lock-control.ts";
import { studentNames } from "../../../src/contract/models-folder.ts";
import { ConfigError } from "../../../src/errors.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-lock-control-"));
const models = join(root, "models");
afterAll(() => rmSync(root, { recursive: true, force: true }));

const lock = (mode: Mode, runs: string) =>
  lockControl({ mode, models, controlFolder: controlFolderOf(join(root, runs)) });

test("lockControl() lets one control at a time do more than observe on a models folder, whatever its --runs", () => {
  const unlock = lock("act", "a");
  expect(() => lock("propose", "b")).toThrow(ConfigError);
  expect(() => lock("act", "c")).toThrow(/\.control: another control is at work \(process \d+ on /);
  lock("observe", "d")();
  expect(studentNames(models)).toEqual([]);
  unlock();
  lock("act", "e")();
});
