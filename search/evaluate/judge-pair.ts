import type { ManifestTask } from "../../src/contract/manifest.ts";
import { must } from "../../src/invariant.ts";
import { toProbabilities } from "../../src/tasks/classification.ts";
import { inLanguage } from "../../src/tasks/in-language.ts";
import { taskOf } from "../../src/tasks/index.ts";
import { language } from "../../src/tasks/language.ts";
import type { Corpus, ValidationSet } from "../corpus/assemble.ts";
import { withoutSuites } from "../corpus/known-sets.ts";
import { textLogits } from "../heads/predict.ts";
import type { Judged } from "./cascade.ts";
import { openServed } from "./open-served.ts";
import { judgedLength, type Student } from "./subjects.ts";

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

/** As a student is served, with its ensemble where the others have it. */
export async function openJudge(
  student: Student,
  others: readonly Student[],
  name: string,
  threads: number,
): Promise<Judge> {
  const { classifier, tokenizer, tasks, release } = await openServed(student, others, [name, language.name], threads);
  const entry = entryOf(tasks, name);
  const task = taskOf(entry);
  const identification = tasks.find((each) => each.name === language.name);
  const most = judgedLength(student);
  return {
    say: async ({ rows }) => {
      const sequences = rows.map(({ text }) => tokenizer.encode(text, most).ids);
      const names = tasks.map((each) => each.name);
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
    release,
  };
}

/** Both students on every validation row of a task whose label it has, but for suites where there are other sets, as thresholds are (`fittedOn`). */
export async function judgePair(
  corpus: Corpus,
  name: string,
  students: readonly Student[],
  { fast, large }: { readonly fast: Student; readonly large: Student },
  threads: number,
): Promise<Judged[]> {
  const [fastEntry, largeEntry] = [entryOf(fast.manifest.tasks, name), entryOf(large.manifest.tasks, name)];
  const first = await openJudge(fast, students, name, threads);
  const second = await openJudge(large, students, name, threads);
  const judged: Judged[] = [];
  const sets = corpus.validation.filter(({ task }) => task === name);
  for (const set of withoutSuites(sets, ({ dataSet }) => dataSet)) {
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

function entryOf(tasks: readonly ManifestTask[], name: string): ManifestTask {
  return must(
    tasks.find((task) => task.name === name),
    name,
  );
}
