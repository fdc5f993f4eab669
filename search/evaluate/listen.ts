import { isDeepStrictEqual } from "node:util";
import type { Manifest } from "../../src/contract/manifest.ts";
import { predictLatencyMs } from "../../src/contract/predict-latency.ts";
import { must } from "../../src/invariant.ts";
import { taskOf } from "../../src/tasks/index.ts";
import type { Log } from "../command/command.ts";
import type { Corpus } from "../corpus/assemble.ts";
import { withCuts } from "../corpus/cut-validation.ts";
import { validationLogits } from "../heads/score.ts";
import { budgetTokens } from "../timed-lengths.ts";
import type { Voice } from "./choose-ensemble.ts";
import { openServed } from "./open-served.ts";
import { judgedLength, type Student } from "./subjects.ts";

/** What a student says alone to the validation sets, and to cut ones where cuts have the same labels. */
export async function listen(student: Student, corpus: Corpus, threads: number, log: Log): Promise<Voice> {
  const { name, tasks, latency } = student.manifest;
  log(`${name} answers the validation rows`);
  const { results } = await answerRows(student, [], withCuts(corpus, tasks.map(taskOf)), threads);
  return { name, tasks, results, ms: predictLatencyMs(latency, budgetTokens, "p50Ms") };
}

/** Logits of all tasks on the validation sets, together with the student's ensemble where its members are given; the tasks as they are then decided. */
export async function answerRows(
  student: Student,
  members: readonly Student[],
  corpus: Pick<Corpus, "validation">,
  threads: number,
) {
  const names = student.manifest.tasks.map(({ name }) => name);
  const { classifier, tokenizer, tasks, release } = await openServed(student, members, names, threads);
  try {
    const results = await validationLogits(classifier, corpus, names, tokenizer, judgedLength(student));
    return { results, tasks, tokenizer };
  } finally {
    await release();
  }
}

/** Tasks of a student of which a corpus has no validation rows. */
export function withoutRows({ tasks }: Manifest, { validation }: Pick<Corpus, "validation">): string[] {
  const judged = new Set(validation.map(({ task }) => task));
  return tasks.map(({ name }) => name).filter((name) => !judged.has(name));
}

/** The same, and those of which it has rows with other labels than the student gives. */
export function unjudged(manifest: Manifest, corpus: Corpus): string[] {
  const without = withoutRows(manifest, corpus);
  const isUnjudged = ({ name, labels }: Manifest["tasks"][number]) =>
    without.includes(name) || !isDeepStrictEqual(corpus.labels.get(name), labels);
  return manifest.tasks.filter(isUnjudged).map(({ name }) => name);
}

/** Whether a student can answer along with another: it reads the same tokens, no fewer, and its labels are the same. */
export function canJoin({ manifest: member }: Student, { manifest }: Student): boolean {
  const tokenizerOf = ({ files }: typeof manifest) => must(files["tokenizer.json"]).sha256;
  const shared = member.tasks.flatMap((entry) => {
    const own = manifest.tasks.find(({ name }) => name === entry.name);
    return own === undefined ? [] : [[entry, own] as const];
  });
  const agree = shared.every(([a, b]) => a.input === b.input && isDeepStrictEqual(a.labels, b.labels));
  return (
    tokenizerOf(member) === tokenizerOf(manifest) &&
    member.maxTokens >= manifest.maxTokens &&
    agree &&
    shared.length > 0
  );
}
