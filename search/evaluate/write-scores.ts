import { join } from "node:path";
import type { Manifest, Score } from "../../src/contract/manifest.ts";
import { replaceFile } from "../../src/replace-file.ts";
import type { Log } from "../command.ts";
import { cardText } from "../export/card.ts";
import type { Measured, Subjects } from "./measured.ts";
import { membersOf } from "./open-served.ts";
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
    const together = ensemble !== undefined && membersOf({ folder, manifest }, students).length > 0;
    const described: Manifest = together
      ? { ...manifest, ensemble: { ...ensemble, scores: own } }
      : { ...manifest, scores: own };
    replaceFile(join(folder, "card.md"), cardText(described));
    replaceFile(join(folder, "manifest.json"), `${JSON.stringify(described, null, 1)}\n`);
    log(`${folder}: ${own.length} scores written`);
  }
}
