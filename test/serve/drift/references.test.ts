import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readReferences, toReferences } from "../../../serve/drift/references.ts";
import { leastDriftSamples } from "../../../src/contract/drift.ts";
import { ConfigError } from "../../../src/errors.ts";

const folder = mkdtempSync(join(tmpdir(), "kdnas-references-"));
afterAll(() => rmSync(folder, { recursive: true }));

const fileOf = (text: string) => {
  const path = join(folder, "reference.json");
  writeFileSync(path, text);
  return path;
};

test("readReferences() reads back what toReferences() made of traffic", () => {
  const counted = { samples: leastDriftSamples, score: 0.5, expected: { "4": 1 } };
  const made = toReferences([
    { ...counted, task: "sentiment", feature: "length", seen: { "8": 3 } },
    { ...counted, task: "sentiment", feature: "unknown", seen: { "0": 3 } },
    { ...counted, task: "filter", feature: "unknown", samples: 3, seen: { "0": 3 } },
  ]);
  const read = readReferences(fileOf(JSON.stringify(made)));
  expect([...read]).toEqual([["sentiment", { length: { "8": 3 }, unknown: { "0": 3 } }]]);
});

test("readReferences() has none without a file, and says what is wrong with a bad one", () => {
  expect(readReferences("").size).toBe(0);
  expect(() => readReferences(join(folder, "none.json"))).toThrow(ConfigError);
  expect(() => readReferences(fileOf("{"))).toThrow(/KDNAS_DRIFT_REFERENCE.*JSON/);
  expect(() => readReferences(fileOf('{"tasks": {"sentiment": {"colour": {}}}}'))).toThrow(/colour/);
});
