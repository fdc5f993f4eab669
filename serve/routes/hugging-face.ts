import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { InvalidInputError } from "../../src/errors.ts";
import type { App } from "../app.ts";
import type { ErrorShape } from "../http/error-reply.ts";
import { askModel, readItems } from "./ask.ts";
import { toLabelScores } from "./labels.ts";
import { anyList, listOf } from "./list-of.ts";
import { findModel } from "./model-name.ts";
import { predictionHeaders, sendJson } from "./reply.ts";
import { budgetHeaders, textFailures } from "./request.ts";
import type { HotRoute, Parameters } from "./route.ts";

const ClassificationRequest = z.object({
  inputs: z.union([z.string(), listOf(z.string(), anyList.min(1))], "expected a text or a list of texts"),
  parameters: z
    .object({
      top_k: z.int().positive().nullish(),
      /** `sigmoid` would need the labels to be independent, which they are not. */
      function_to_apply: z.enum(["softmax", "none"], "expected softmax or none").nullish(),
    })
    .nullish(),
});
const ClassificationReply = z.array(z.array(z.strictObject({ score: z.number(), label: z.string() })));

const errors: ErrorShape = {
  contentType: "application/json",
  schema: z.strictObject({ error: z.string() }),
  toReply: ({ status, title, detail }) => ({ status, body: { error: detail ?? title } }),
};

/**
 * Text classification as the clients of Hugging Face ask a model's own endpoint for it. It differs from TEI's `/predict`:
 * a single text gets a list in a list too.
 */
export const huggingFaceRoute: HotRoute = {
  ...{ method: "POST", path: "/models/{model}", scope: "infer", errors, answer },
  describe: {
    tag: "Hugging Face",
    summary: "Classifies texts; the model is a task, or of one student task@student",
    request: ClassificationRequest,
    headers: budgetHeaders,
    responses: { 200: ClassificationReply },
    failures: textFailures,
  },
};

async function answer(app: App, req: IncomingMessage, res: ServerResponse, { model: name = "" }: Parameters) {
  const request = await readItems(app, req, ClassificationRequest, "inputs");
  const model = findModel(app.registry.students(), name);
  if (model.task.input === "pair")
    throw new InvalidInputError(`${model.task.name} takes pairs; POST /predict reads them`);
  const texts = typeof request.inputs === "string" ? [request.inputs] : request.inputs;
  const { prediction, results } = await askModel(app, req, res, model, { items: texts.map((text) => [text]) });
  const { top_k, function_to_apply } = request.parameters ?? {};
  const raw = function_to_apply === "none";
  const reply = results.map((result) => toLabelScores(result, raw).slice(0, top_k ?? undefined));
  sendJson(res, reply, predictionHeaders(prediction));
}
