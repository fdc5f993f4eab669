import type { IncomingMessage, ServerResponse } from "node:http";
import type { Result } from "../../src/contract/prediction.ts";
import { InvalidInputError } from "../../src/errors.ts";
import type { App } from "../app.ts";
import { type Prediction, predict } from "../predict.ts";
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
}

export interface Answer {
  readonly prediction: Prediction;
  /** Of each item, by task. */
  readonly results: readonly Readonly<Record<string, Result>>[];
}

export class TooManyItemsError extends InvalidInputError {}

/** @throws {TooManyItemsError} and the first error of an item, besides what `predict` throws. */
export async function ask(app: App, req: IncomingMessage, res: ServerResponse, question: Question): Promise<Answer> {
  const { maxItems } = app.config;
  const { length } = question.items;
  if (length > maxItems) throw new TooManyItemsError(`${length} texts in one request; at most ${maxItems}`);
  const prediction = await predict(app, { ...question, budgetMs: budgetOf(req), client: clientOf(res) });
  return { prediction, results: prediction.results.map(orThrow) };
}

/** Whether only the first part of an item was read. */
export function isCut(result: Answer["results"][number]): boolean {
  return Object.values(result).some(({ truncated }) => truncated);
}

function orThrow(result: Prediction["results"][number]): Readonly<Record<string, Result>> {
  if (result instanceof Error) throw result;
  return result;
}
