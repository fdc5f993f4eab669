import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { InvalidInputError, UnknownModelError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import { checkLoaded } from "../answering/choose.ts";
import type { App } from "../app.ts";
import type { ErrorShape } from "../http/error-reply.ts";
import { queryOf } from "../http/query.ts";
import { askModel, readItems, TooManyItemsError } from "./ask.ts";
import { type LabelScore, toLabelScores } from "./labels.ts";
import { anyList, listOf } from "./list-of.ts";
import { findModel, type Model, modelNames } from "./model-name.ts";
import { predictionHeaders, sendJson } from "./reply.ts";
import { budgetHeaders, textFailures } from "./request.ts";
import type { HotRoute } from "./route.ts";
import { unset } from "./unset.ts";

/** A text; a pair of them; or a batch, whose items are lists of one text or two. So TEI reads it too. */
const Sequence = listOf(z.string(), anyList.min(1).max(2));
const PredictRequest = z.object({
  inputs: z.union(
    // An empty batch is read only to be refused with an error of its own.
    [z.string(), Sequence, listOf(Sequence).meta({ minItems: 1 })],
    "expected a string, a pair of strings [string, string] or a batch [[string], [string, string], ...]",
  ),
  raw_scores: z.boolean().default(false),
  /** Without it a long text is cut, as by TEI with `--auto-truncate`; `false` refuses it. */
  truncate: unset(z.boolean()),
  truncation_direction: z.enum(["right", "Right"], "texts are cut at their end (right) only").optional(),
});

const Predictions = z.array(z.strictObject({ score: z.number(), label: z.string() }));
const PredictReply = z.union([Predictions, z.array(Predictions)]);
const PredictQuery = z.object({ task: z.string().optional() });

class EmptyBatchError extends InvalidInputError {}
class TextTooLongError extends InvalidInputError {}

const errors: ErrorShape = {
  contentType: "application/json",
  schema: z.strictObject({
    error: z.string(),
    error_type: z.enum(["Unhealthy", "Backend", "Overloaded", "Validation", "Tokenizer", "Empty"]),
  }),
  toReply: ({ status, title, detail, type }, cause) => {
    const [code, error_type] = kindOf(status, type, cause);
    return { status: code, body: { error: detail ?? title, error_type } };
  },
};

/** TEI's statuses: 413 for what its validation refuses, 424 for a model that fails. */
function kindOf(status: number, type: string, cause: unknown): [number, string] {
  if (cause instanceof EmptyBatchError) return [400, "Empty"];
  if (cause instanceof TooManyItemsError || cause instanceof TextTooLongError) return [413, "Validation"];
  if (status === 400) return [422, "Validation"];
  if (status === 429) return [429, "Overloaded"];
  if (status === 503) return [503, "Unhealthy"];
  if (type === "urn:kdnas:model-failed") return [424, "Backend"];
  return [status, status >= 500 ? "Backend" : "Validation"];
}

/** Text Embeddings Inference's classification. One server of TEI has one model; here `?task=` names it. */
export const textEmbeddingsInferenceRoute: HotRoute = {
  ...{ method: "POST", path: "/predict", scope: "infer", errors, answer },
  describe: {
    tag: "Text Embeddings Inference",
    summary: "Classifies texts or pairs of texts",
    request: PredictRequest,
    query: PredictQuery,
    headers: budgetHeaders,
    responses: { 200: PredictReply },
    failures: [...textFailures.filter((status) => status !== 500), 422, 424],
  },
};

async function answer(app: App, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const task = queryOf(req).get("task");
  const request = await readItems(app, req, PredictRequest, "inputs");
  const { sequences, single } = toSequences(request.inputs);
  // The budget is the request's, however often somebody is asked.
  const startedMs = performance.now();
  // Texts and pairs are asked apart, and what is remembered of a request is one reply.
  const isMixed = new Set(sequences.map(({ length }) => length)).size > 1;
  const answers: LabelScore[][] = [];
  let headers = {};
  for (const input of ["text", "pair"] as const) {
    const places = [...sequences.keys()].filter((i) => (must(sequences[i]).length === 1) === (input === "text"));
    if (places.length === 0) continue;
    const model = modelFor(app, input, task);
    const items = places.map((i) => must(sequences[i]));
    const question = { items, forget: isMixed, startedMs };
    const { prediction, results } = await askModel(app, req, res, model, question);
    for (const [k, result] of results.entries()) {
      if (result.truncated && request.truncate === false)
        throw new TextTooLongError(`\`inputs\` must have at most ${prediction.student.maxTokens} tokens`);
      answers[must(places[k])] = toLabelScores(result, request.raw_scores);
    }
    headers = predictionHeaders(prediction);
  }
  sendJson(res, single ? answers[0] : answers, headers);
}

function toSequences(inputs: z.infer<typeof PredictRequest>["inputs"]) {
  if (inputs.length === 0 && typeof inputs !== "string") throw new EmptyBatchError("`inputs` cannot be empty");
  if (typeof inputs === "string") return { sequences: [[inputs]], single: true };
  if (typeof inputs[0] === "string") return { sequences: [inputs as string[]], single: true };
  return { sequences: inputs as string[][], single: false };
}

/** The task that was asked for; else the server's for texts, and for pairs the first task over pairs. */
function modelFor({ registry, config }: App, input: "text" | "pair", asked: string | null): Model {
  const students = registry.students();
  if (asked !== null || input === "text") {
    const model = findModel(students, asked ?? config.predictTask);
    if (model.task.input === input) return model;
    throw new InvalidInputError(`${model.task.name} takes a ${model.task.input}, not a ${input}`);
  }
  checkLoaded(students);
  const models = modelNames(students).map((name) => findModel(students, name));
  const model = models.find(({ task }) => task.input === input);
  if (model === undefined) throw new UnknownModelError("no student answers pairs");
  return model;
}
