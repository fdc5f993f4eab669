import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { calibrate } from "../../../../search/reward/production/calibrate.ts";
import { expectInProduction } from "../../../../search/reward/production/expectation.ts";
import {
  productionPath,
  readProduction,
  writeProduction,
} from "../../../../search/reward/production/production-file.ts";
import { BadFileError } from "../../../../src/errors.ts";
import { options, slow, trafficOf } from "./served-world.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-production-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("readProduction() gives back what writeProduction() wrote, to the last digit of what it expects", async () => {
  const { model, isTimedThere, shape, students, judgement } = calibrate(
    await trafficOf([{ fast: 2, slow: 2 }]),
    options,
  );
  const production = {
    format: 1,
    created: new Date().toISOString(),
    model,
    isTimedThere,
    shape,
    students,
    judgement,
  } as const;
  const path = productionPath(root, "run");
  writeProduction(path, production);
  expect(readProduction(path)).toEqual(production);
  expect(expectInProduction(readProduction(path), slow.architecture)).toEqual(
    expectInProduction(production, slow.architecture),
  );
});

test("readProduction() names a file that is missing or damaged", () => {
  expect(() => readProduction(join(root, "none.json"))).toThrow(BadFileError);
  writeFileSync(join(root, "bad.json"), '{"format":1}');
  expect(() => readProduction(join(root, "bad.json"))).toThrow("bad.json: not what --metrics learned from production");
});
