import { join } from "node:path";
import type { ManifestTask } from "../../src/contract/manifest.ts";
import { must } from "../../src/invariant.ts";
import { toProbabilities } from "../../src/tasks/classification.ts";
import { inLanguage } from "../../src/tasks/in-language.ts";
import { taskOf } from "../../src/tasks/index.ts";
import { language } from "../../src/tasks/language.ts";
import { readTokenizer } from "../../src/text/read-tokenizer.ts";
import type { Corpus, ValidationSet } from "../corpus/assemble.ts";
import { openStudentClassifier } from "../heads/open-classifier.ts";
import { textLogits } from "../heads/predict.ts";
import type { Judged } from "./cascade.ts";
import type { Student } from "./subjects.ts";

/** Tokens of a text that are read, as when students are scored. */
const maxTokens = 128;

/** What a student says to the rows of a set. */
interface Said {
  readonly decisions: readonly number[];
  readonly confidences: readonly number[];
  /** Empty where the student does not tell languages. */
  readonly languages: readonly string[];
}

/** A student's answers about one task. */
export interface Judge {
  say(set: ValidationSet): Promise<Said>;
  release(): Promise<void>;
}

export async function openJudge({ folder, manifest }: Student, entry: ManifestTask, threads: number): Promise<Judge> {
  const task = taskOf(entry);
  const identification = manifest.tasks.find(({ name }) => name === language.name);
  const entries = identification && identification !== entry ? [entry, identification] : [entry];
  const tokenizer = readTokenizer(join(folder, "tokenizer.json"));
  const classifier = await openStudentClassifier(folder, entries, tokenizer.padId, threads);
  const most = Math.min(maxTokens, manifest.maxTokens);
  return {
    say: async ({ rows }) => {
      const sequences = rows.map(({ text }) => tokenizer.encode(text, most).ids);
      const names = entries.map(({ name }) => name);
      const logits = await textLogits(classifier, sequences, names);
      const languages = identification
        ? must(logits.get(identification.name)).map((row) => language.toResult(row, identification).label)
        : rows.map(() => "");
      const own = must(logits.get(entry.name)).map((row, i) => ({ row, entry: inLanguage(entry, languages[i]) }));
      return {
        decisions: own.map(({ row, entry }) => task.toPredicted(toProbabilities(row, entry), entry)),
        confidences: own.map(({ row, entry }) => task.toResult(row, entry).score),
        languages,
      };
    },
    release: () => classifier.release(),
  };
}

/** Both students on every validation row of a task whose label it has. */
export async function judgePair(
  corpus: Corpus,
  name: string,
  fast: Student,
  large: Student,
  threads: number,
): Promise<Judged[]> {
  const [fastEntry, largeEntry] = [fast, large].map((student) => entryOf(student, name)) as [
    ManifestTask,
    ManifestTask,
  ];
  const [first, second] = [await openJudge(fast, fastEntry, threads), await openJudge(large, largeEntry, threads)];
  const judged: Judged[] = [];
  for (const set of corpus.validation.filter(({ task }) => task === name)) {
    const [quick, slow] = [await first.say(set), await second.say(set)];
    set.rows.forEach((row, i) => {
      // Labels are in the manifest's order, which may differ from student to student.
      const [truth, largeTruth] = [
        taskOf(fastEntry).toTruth(row, fastEntry.labels),
        taskOf(largeEntry).toTruth(row, largeEntry.labels),
      ];
      if (!(truth >= 0)) return;
      judged.push({
        language: must(quick.languages[i]),
        confidence: must(quick.confidences[i]),
        fastRight: quick.decisions[i] === truth,
        largeRight: slow.decisions[i] === largeTruth,
      });
    });
  }
  await Promise.all([first.release(), second.release()]);
  return judged;
}

function entryOf({ manifest }: Student, name: string): ManifestTask {
  return must(
    manifest.tasks.find((task) => task.name === name),
    name,
  );
}
