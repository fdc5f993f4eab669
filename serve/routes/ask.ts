import type { IncomingMessage, ServerResponse } from "node:http";
import type { z } from "zod";
import type { Result } from "../../src/contract/prediction.ts";
import { InvalidInputError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import { type Prediction, predict } from "../answering/predict.ts";
import type { App } from "../app.ts";
import { parseBody, readJson } from "../http/body.ts";
import type { Model } from "./model-name.ts";
import { budgetOf, clientOf } from "./request.ts";

/** The imitated APIs have no place for the error of one item: there is an answer for every text, or none. */
export interface Question {
  readonly tasks: readonly string[];
  readonly input: "text" | "pair";
  readonly items: readonly (readonly string[])[];
  readonly student?: string | undefined;
  /** No other version may stand in for the student. */
  readonly liveOnly?: boolean | undefined;
  /** The reply is not remembered: no correction may name it. */
  readonly forget?: boolean | undefined;
  /** Since when its budget runs, by `performance.now()`. @default now */
  readonly startedMs?: number | undefined;
}

export interface Answer {
  readonly prediction: Prediction;
  /** Of each item, by task. */
  readonly results: readonly Readonly<Record<string, Result>>[];
}

export class TooManyItemsError extends InvalidInputError {}

/**
 * Reads a body that has its items in a field. They are counted before they are read: a body may hold half a million.
 * @throws {TooManyItemsError} besides what `readJson` and `parseBody` throw.
 */
export async function readItems<T>(app: App, req: IncomingMessage, schema: z.ZodType<T>, field: string): Promise<T> {
  const body = await readJson(req, app.config.bodyLimitBytes);
  const items = (body as Readonly<Record<string, unknown>> | null)?.[field];
  // Two texts may be a pair, which is one item.
  if (Array.isArray(items) && items.length > 2) checkCount(app, items.length);
  return parseBody(schema, body);
}

/** @throws {TooManyItemsError} and the first error of an item, besides what `predict` throws. */
export async function ask(app: App, req: IncomingMessage, res: ServerResponse, question: Question): Promise<Answer> {
  checkCount(app, question.items.length);
  const prediction = await predict(app, { ...question, budgetMs: budgetOf(req), client: clientOf(res) });
  return { prediction, results: prediction.results.map(orThrow) };
}

/** Asks a model that was found by its name. @throws as `ask` does. */
export async function askModel(
  app: App,
  req: IncomingMessage,
  res: ServerResponse,
  { task, student, pinned }: Model,
  question: Omit<Question, "tasks" | "input" | "student">,
) {
  const { prediction, results } = await ask(app, req, res, {
    ...{ ...question, tasks: [task.name], input: task.input },
    student: pinned ? student.manifest.name : undefined,
  });
  return { prediction, results: results.map((result) => must(result[task.name])) };
}

function checkCount({ config: { maxItems } }: App, count: number): void {
  if (count > maxItems) throw new TooManyItemsError(`${count} texts in one request; at most ${maxItems}`);
}

/** Whether only the first part of an item was read. */
export function isCut(result: Answer["results"][number]): boolean {
  return Object.values(result).some(({ truncated }) => truncated);
}

function orThrow(result: Prediction["results"][number]): Readonly<Record<string, Result>> {
  if (result instanceof Error) throw result;
  return result;
}
