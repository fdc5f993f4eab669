import { membersAmong } from "../../src/contract/ensemble.ts";
import type { Score } from "../../src/contract/manifest.ts";
import type { Log } from "../command.ts";
import { writeDescription } from "../export/write-description.ts";
import type { Measured, Subjects } from "./measured.ts";
import type { Student } from "./subjects.ts";

type PlainScore = Measured["scores"][number];

/** Puts scores, with the teacher's beside them, into manifest and card. The version stays: it is that of the model files. */
export function writeScores(
  students: readonly Student[],
  subjects: Subjects,
  teacher: Measured | null,
  log: Log,
): void {
  const key = ({ task, dataSet, language, rows }: PlainScore) => [task, dataSet, language, rows].join("\t");
  const ceiling = new Map((teacher?.scores ?? []).map((score) => [key(score), score.student]));
  for (const { folder, manifest } of students) {
    const own = (subjects.get(manifest.name)?.scores ?? []).map(
      (score): Score => ({ ...score, teacher: ceiling.get(key(score)) ?? null }),
    );
    const { ensemble } = manifest;
    const together = ensemble !== undefined && membersAmong(manifest, students).length > 0;
    writeDescription(folder, {
      ...manifest,
      ...(together ? { ensemble: { ...ensemble, scores: own } } : { scores: own }),
    });
    log(`${folder}: ${own.length} scores written`);
  }
}
