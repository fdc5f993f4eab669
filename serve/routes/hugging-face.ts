import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { InvalidInputError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import type { App } from "../app.ts";
import { parseBody, readJson } from "../body.ts";
import type { ErrorShape } from "../error-reply.ts";
import { ask } from "./ask.ts";
import { toLabelScores } from "./labels.ts";
import { findModel } from "./model-name.ts";
import { predictionHeaders, sendJson } from "./reply.ts";
import { budgetHeaders, textFailures } from "./request.ts";
import type { HotRoute, Parameters } from "./route.ts";

const ClassificationRequest = z.object({
  inputs: z.union([z.string(), z.array(z.string()).min(1)], "expected a text or a list of texts"),
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
  const request = parseBody(ClassificationRequest, await readJson(req, app.config.bodyLimitBytes));
  const { task, student, pinned } = findModel(app.registry.students(), name);
  if (task.input === "pair") throw new InvalidInputError(`${task.name} takes pairs; POST /predict reads them`);
  const texts = typeof request.inputs === "string" ? [request.inputs] : request.inputs;
  const { prediction, results } = await ask(app, req, res, {
    ...{ tasks: [task.name], input: "text", items: texts.map((text) => [text]) },
    student: pinned ? student.manifest.name : undefined,
  });
  const { top_k, function_to_apply } = request.parameters ?? {};
  const raw = function_to_apply === "none";
  const reply = results.map((result) => toLabelScores(must(result[task.name]), raw).slice(0, top_k ?? undefined));
  sendJson(res, reply, predictionHeaders(prediction));
}
