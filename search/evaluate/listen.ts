import { isDeepStrictEqual } from "node:util";
import { predictLatencyMs } from "../../src/contract/predict-latency.ts";
import { must } from "../../src/invariant.ts";
import type { Log } from "../command.ts";
import type { Corpus } from "../corpus/assemble.ts";
import { validationLogits } from "../heads/score.ts";
import { budgetTokens } from "../timed-lengths.ts";
import type { Voice } from "./choose-ensemble.ts";
import { openServed } from "./open-served.ts";
import { judgedLength, type Student } from "./subjects.ts";

/** What a student says alone to the validation sets. */
export async function listen(student: Student, corpus: Corpus, threads: number, log: Log): Promise<Voice> {
  const { name, tasks, latency } = student.manifest;
  log(`${name} answers the validation rows`);
  const names = tasks.map((task) => task.name);
  const { classifier, tokenizer, release } = await openServed(student, [], names, threads);
  const results = await validationLogits(classifier, corpus, names, tokenizer, judgedLength(student));
  await release();
  return { name, tasks, results, ms: predictLatencyMs(latency, budgetTokens, "p50Ms") };
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
