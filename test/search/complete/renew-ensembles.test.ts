import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Candidate } from "../../../search/complete/export-candidate.ts";
import { renewEnsembles } from "../../../search/complete/renew-ensembles.ts";
import type { Corpus } from "../../../search/corpus/assemble.ts";
import { limitValidation } from "../../../search/corpus/limit-validation.ts";
import { loadCorpus } from "../../../search/corpus/load.ts";
import { type Manifest, readManifest } from "../../../src/contract/manifest.ts";
import { type TinyStudent, writeTinyStudent } from "../../fixtures/tiny-student.ts";

const models = mkdtempSync(join(tmpdir(), "kdnas-renew-"));
const tasks = ["sentiment", "filter"];
const students: readonly TinyStudent[] = [
  { name: "budget-0.1ms", layers: 0, seed: 5, latencyMs: [0.05, 0.05, 0.05], tasks },
  { name: "budget-1ms", layers: 1, seed: 25, latencyMs: [0.5, 0.5, 0.5], tasks },
  { name: "budget-2ms", layers: 1, seed: 26, latencyMs: [0.6, 0.6, 0.6], tasks },
  { name: "budget-3ms", layers: 1, seed: 25, latencyMs: [0.7, 0.7, 0.7] },
];
let corpus: Corpus;
beforeAll(async () => {
  corpus = limitValidation(await loadCorpus([], { seed: 1, tasks }), 60);
});
beforeEach(() => {
  for (const student of students) writeTinyStudent(join(models, student.name), student);
});
afterAll(() => rmSync(models, { recursive: true, force: true }));

const read = (name: string): Manifest => readManifest(join(models, name, "manifest.json"));

function candidate(name: string): Candidate {
  return { manifest: read(name), files: { folder: join(models, name), names: [] } };
}

/** Gives a student an ensemble with a version that is not there any more. */
function endEnsemble(name: string): void {
  const manifest = read(name);
  const members = [{ name: "budget-0.1ms", version: "000000000000" }];
  const ensemble = { members, tasks: [], scores: [], latency: manifest.latency };
  writeFileSync(join(models, name, "manifest.json"), JSON.stringify({ ...manifest, ensemble }));
}

async function renew(candidates: readonly string[], promote: "better" | "never" = "better"): Promise<string> {
  const lines: string[] = [];
  await renewEnsembles({ models, promote, threads: 1 }, candidates.map(candidate), corpus, (line) => lines.push(line));
  return lines.join("\n");
}

test("who was promoted gets an ensemble, and who lost a member another one; others stay as they are", async () => {
  endEnsemble("budget-2ms");
  const log = await renew(["budget-1ms"]);
  const { version } = read("budget-0.1ms");
  expect(read("budget-1ms").ensemble?.members).toEqual([{ name: "budget-0.1ms", version }]);
  expect(read("budget-2ms").ensemble?.members ?? []).not.toContainEqual({
    name: "budget-0.1ms",
    version: "000000000000",
  });
  expect(log).toMatch(/budget-1ms, within 1 ms/);
  expect(log).toMatch(/budget-2ms, within 2 ms/);
  expect(log).not.toContain("budget-3ms");
});

test("a candidate that was not promoted changes nothing, nor does a run that promotes never", async () => {
  const other = { ...candidate("budget-1ms"), manifest: { ...read("budget-1ms"), version: "111111111111" } };
  await renewEnsembles({ models, promote: "better", threads: 1 }, [other], corpus, () => {});
  expect(await renew(["budget-1ms"], "never")).toBe("");
  expect(read("budget-1ms").ensemble).toBeUndefined();
});

test("a student that answers more than the data judge keeps its manifest, and the log says so", async () => {
  endEnsemble("budget-3ms");
  const before = readFileSync(join(models, "budget-3ms", "manifest.json"), "utf8");
  expect(await renew([])).toContain("budget-3ms answers alone: the data judge no language, adequacy as it answers it");
  expect(readFileSync(join(models, "budget-3ms", "manifest.json"), "utf8")).toBe(before);
});

test("a damaged manifest among the students fails nothing that was promoted", async () => {
  writeFileSync(join(models, "budget-2ms", "manifest.json"), "{");
  expect(await renew(["budget-0.1ms"])).toMatch(/^ensembles stay as they are: .*budget-2ms/);
});
