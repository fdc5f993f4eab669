import { membersAmong, scoresAmong, servedScores } from "../../src/contract/ensemble.ts";
import type { Score } from "../../src/contract/manifest.ts";
import { scoreKey, teacherIn } from "../../src/contract/score-key.ts";
import type { Log } from "../command/command.ts";
import { rewriteDescription } from "../export/write-description.ts";
import type { Measured, Subjects } from "./measured.ts";
import type { Student } from "./subjects.ts";

/**
 * Puts scores, with the teacher's beside them, into manifest and card. The version stays: it is that of the model files. What the
 * manifest knows of sets that were not measured now is kept, and of a teacher that was not, for the same rows.
 */
export function writeScores(
  students: readonly Student[],
  subjects: Subjects,
  teacher: Measured | null,
  log: Log,
): void {
  const ceiling = new Map((teacher?.scores ?? []).map((score) => [scoreKey(score), score.student]));
  for (const student of students) {
    const { folder, manifest } = student;
    const known = teacherIn([...servedScores(manifest), ...manifest.scores]);
    const own = (subjects.get(manifest.name)?.scores ?? []).map(
      (score): Score => ({ ...score, teacher: ceiling.get(scoreKey(score)) ?? known(score) }),
    );
    const all = [...unmeasured(scoresAmong(manifest, students), own), ...own];
    const { ensemble } = manifest;
    const together = ensemble !== undefined && membersAmong(manifest, students).length > 0;
    // Training looks at the teacher's scores beside those that the student has alone.
    const alone = manifest.scores.map(
      (score): Score => ({ ...score, teacher: ceiling.get(scoreKey(score)) ?? score.teacher }),
    );
    rewriteDescription(student, {
      ...manifest,
      ...(together ? { scores: alone, ensemble: { ...ensemble, scores: all } } : { scores: all }),
    });
    log(`${folder}: ${own.length} scores written`);
  }
}

/** Of sets and languages that these data do not have. */
function unmeasured(before: readonly Score[], now: readonly Score[]): Score[] {
  const setOf = ({ task, dataSet, language }: Score) => [task, dataSet, language].join("\t");
  const measured = new Set(now.map(setOf));
  return before.filter((score) => !measured.has(setOf(score)));
}
