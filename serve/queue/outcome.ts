import { must } from "../../src/invariant.ts";
import type { BatchOutput } from "../engine/student-batch.ts";

/** What a batch brought for one of its items. */
export interface Outcome {
  /** Logits of each task. */
  readonly logits: Readonly<Record<string, Float32Array>>;
  /** Whether they are those of the student's ensemble. */
  readonly together: boolean;
  readonly tokens: number;
  /** Tokens among them that are unknown pieces. */
  readonly unknown: number;
  readonly truncated: boolean;
  /** Index of the language head's label, of the item's first text; where it was found out. */
  readonly language?: number;
  readonly queueMs: number;
  /** Time of the whole batch: what the item waited for. */
  readonly tokenizeMs: number;
  readonly inferMs: number;
  /** Its share of that time. */
  readonly workMs: number;
}

/** Outcome of the item at `index` of a batch of `items`, for the tasks that it asked for. */
export function toOutcome(
  output: BatchOutput,
  tasks: readonly string[],
  index: number,
  items: number,
  queueMs: number,
): Outcome {
  const perItem = output.tokens.length / items;
  let tokens = 0;
  let unknown = 0;
  let truncated = false;
  for (let text = index * perItem; text < (index + 1) * perItem; text++) {
    tokens += must(output.tokens[text]);
    unknown += output.unknown?.[text] ?? 0;
    if (output.truncated[text] === 1) truncated = true;
  }
  const logits: Record<string, Float32Array> = {};
  for (const task of tasks) logits[task] = rowOf(must(output.logits[task]), index, items);
  const { tokenizeMs, together } = output;
  const inferMs = inferMsOf(output);
  const workMs = (tokenizeMs + inferMs) / items;
  const language = output.languages?.[index * perItem];
  const outcome = { logits, together, tokens, unknown, truncated, queueMs, tokenizeMs, inferMs, workMs };
  return language === undefined ? outcome : { ...outcome, language };
}

/** All passes, those of the ensemble's members too. */
export function inferMsOf({ passes, memberPasses = [] }: Pick<BatchOutput, "passes" | "memberPasses">): number {
  let total = 0;
  for (const { inferMs } of passes) total += inferMs;
  for (const member of memberPasses) total += inferMsOf(member);
  return total;
}

function rowOf(logits: Float32Array, row: number, rows: number): Float32Array {
  const width = logits.length / rows;
  return logits.subarray(row * width, (row + 1) * width);
}
