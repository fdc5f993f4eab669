import type { Result } from "../../src/contract/prediction.ts";
import { InvalidInputError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import type { Task } from "../../src/tasks/task.ts";
import { UnknownReplyError } from "../http/http-errors.ts";
import type { FeedbackVerdict } from "../metrics/metrics.ts";
import { servedTask } from "../routes/task.ts";
import type { Caller } from "../security/access.ts";
import type { Student } from "../students/student.ts";
import type { Correction } from "./feedback-store.ts";
import type { RepliedItem, Reply, ReplyMemory } from "./reply-memory.ts";

/** What a correction may say; which of it has to be there is checked here, with what the students know. */
export interface CorrectionRequest {
  readonly task?: string | undefined;
  readonly text?: string | undefined;
  readonly source?: string | undefined;
  readonly target?: string | undefined;
  readonly reply?: string | undefined;
  readonly index?: number | undefined;
  readonly label?: string | undefined;
  readonly score?: number | undefined;
  readonly language?: string | undefined;
}

/** Characters of a text; students read the first few hundred words. */
export const longestText = 20_000;
/** More labels than this are not all named in an error. */
const mostNamed = 20;

interface Subject {
  readonly task: Task;
  readonly texts: readonly string[];
  readonly said: { readonly item: RepliedItem; readonly result: Result } | null;
}

/**
 * A checked correction, and how it compares with the reply that it is about.
 * @throws {InvalidInputError | UnknownModelError | UnknownReplyError}
 */
export function toCorrection(
  request: CorrectionRequest,
  deps: { readonly students: readonly Student[]; readonly replies: ReplyMemory; readonly caller: Caller | undefined },
): { readonly correction: Correction; readonly verdict: FeedbackVerdict } {
  const { label, score, language } = request;
  const { task, texts, said } = subjectOf(request, deps);
  for (const text of texts) checkText(text);
  checkVerdict(request, labelsOf(deps.students, task.name));
  const correction: Correction = {
    task: task.name,
    texts: [...texts],
    ...(label !== undefined && { label }),
    ...(score !== undefined && { score }),
    ...(language !== undefined && { language }),
    key: deps.caller?.key === undefined ? null : deps.caller.id,
    ...(said && { said: toSaid(said.item, said.result) }),
  };
  return { correction, verdict: said === null ? "unmatched" : compare(request, said.result, task, deps.students) };
}

function subjectOf(
  request: CorrectionRequest,
  { students, replies, caller }: Parameters<typeof toCorrection>[1],
): Subject {
  const { reply: id, task: name } = request;
  if (id === undefined) {
    const task = servedTask(students, must(name));
    return { task, texts: textsOf(request, task), said: null };
  }
  const reply = replies.find(caller?.id ?? "", id);
  if (reply === undefined)
    throw new UnknownReplyError("no reply to you with this id is remembered, or not any more: send the text instead");
  const item = itemOf(reply, request.index);
  const [only, ...others] = Object.keys(item.results);
  const chosen = name ?? (others.length === 0 ? only : undefined);
  if (chosen === undefined)
    throw new InvalidInputError(`task: the reply has several, say which: ${[only, ...others].join(", ")}`);
  const result = item.results[chosen];
  if (result === undefined) throw new InvalidInputError("task: the reply says nothing about it");
  return { task: servedTask(students, chosen), texts: item.texts, said: { item, result } };
}

function itemOf({ items }: Reply, index: number | undefined): RepliedItem {
  if (index === undefined && items.length > 1)
    throw new InvalidInputError(`index: the reply has ${items.length} items, say which, from 0`);
  const item = items[index ?? 0];
  if (item === undefined) throw new InvalidInputError("index: the reply has no answer there");
  return item;
}

function textsOf({ text, source, target }: CorrectionRequest, task: Task): readonly string[] {
  if (task.input === "text") {
    if (text === undefined) throw new InvalidInputError(`text: ${task.name} is about a single text`);
    return [text];
  }
  if (source === undefined || target === undefined)
    throw new InvalidInputError(`source, target: ${task.name} is about a pair of texts`);
  return [source, target];
}

function checkText(text: string): void {
  if (text.trim() === "") throw new InvalidInputError("text: it is empty");
  if (text.length > longestText)
    throw new InvalidInputError(`text: ${text.length} characters; at most ${longestText} are kept`);
}

function checkVerdict({ label, score }: CorrectionRequest, labels: readonly string[]): void {
  if (label !== undefined && !labels.includes(label)) {
    const named = labels.length > mostNamed ? "the task's labels, which GET /v1/students lists" : labels.join(", ");
    throw new InvalidInputError(`label: expected one of ${named}`);
  }
  if (score !== undefined && labels.length !== 2)
    throw new InvalidInputError(`score: the task has ${labels.length} labels, say which is right as label`);
}

/** Of all students that have the task. */
function labelsOf(students: readonly Student[], task: string): string[] {
  return [...new Set(students.flatMap(({ tasks }) => tasks.get(task)?.entry.labels ?? []))];
}

function toSaid({ student, version }: RepliedItem, { label, score }: Result): NonNullable<Correction["said"]> {
  return { student, version, label, score };
}

/** A score agrees with a reply when both are on the same side of one half. */
function compare(
  { label, score }: CorrectionRequest,
  result: Result,
  task: Task,
  students: readonly Student[],
): FeedbackVerdict {
  const last = must(labelsOf(students, task.name).at(-1));
  const agrees =
    label === undefined ? must(score) >= 0.5 === (result.scores[last] ?? 0) >= 0.5 : label === result.label;
  return agrees ? "confirmed" : "corrected";
}
