import { expect, test } from "vitest";
import type { Candidate } from "../../../search/complete/export-candidate.ts";
import type { Corpus } from "../../../search/corpus/assemble.ts";
import { HeldOut } from "../../../search/corpus/split.ts";
import { trainEach } from "../../../search/learn/train-each.ts";
import { DivergedError } from "../../../search/student/training-loop.ts";
import { BadFileError } from "../../../src/errors.ts";
import { tinyManifest } from "../../fixtures/tiny-student.ts";

const students = ["one", "two", "three"].map(
  (name): Candidate => ({ manifest: tinyManifest({ name }), files: { folder: name, names: [] } }),
);

function corpusOf(dataSet: string): Corpus {
  const dataSets = [{ name: dataSet, licence: "none", source: "here" }];
  const empty = { tasks: [], train: new Map(), labels: new Map(), validation: [], unlabelled: [] };
  return { ...empty, heldOut: new HeldOut(), dataSets };
}

/** Trains the three, of which the second fails with an error. */
async function run(error: Error) {
  const lines: string[] = [];
  const train = (student: Candidate) =>
    student.manifest.name === "two"
      ? Promise.reject(error)
      : Promise.resolve({ trained: student, judging: corpusOf(student.manifest.name) });
  const { trained, failed, judging } = await trainEach(students, train, (line) => lines.push(line));
  const judged = judging?.dataSets.map(({ name }) => name);
  return { trained: trained.map(({ manifest }) => manifest.name), failed, judged, lines };
}

test("trainEach() goes on after a student that failed by its own fault, names it, and says what the last was judged by", async () => {
  expect(await run(new DivergedError("the loss is NaN"))).toEqual({
    trained: ["one", "three"],
    failed: ["two"],
    judged: ["three"],
    lines: ["two · failed: the loss is NaN"],
  });
});

test("trainEach() stops at an error that would meet every student", async () => {
  await expect(run(new BadFileError("data.tsv: is damaged"))).rejects.toThrow("data.tsv: is damaged");
});
