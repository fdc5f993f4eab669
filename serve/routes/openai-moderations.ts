import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Result } from "../../src/contract/prediction.ts";
import { UnknownModelError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import type { App } from "../app.ts";
import { parseBody, readJson } from "../body.ts";
import type { Student } from "../student.ts";
import { ask } from "./ask.ts";
import {
  byCategory,
  categories,
  type Moderation,
  ModerationReply,
  ModerationRequest,
  OpenAiModel,
  OpenAiModels,
  openAiErrors,
  UnsupportedInputError,
} from "./openai-shapes.ts";
import { predictionHeaders, sendJson } from "./reply.ts";
import { budgetHeaders, textFailures } from "./request.ts";
import type { HotRoute, Parameters } from "./route.ts";
import { isToxic, toxicityOf, toxicityTask } from "./toxicity.ts";

const shared = { scope: "infer", errors: openAiErrors } as const;

/** OpenAI's moderations, with what the filter can say: one kind of toxicity, which is nearest to harassment. */
export const openAiRoutes: readonly HotRoute[] = [
  {
    ...{ ...shared, method: "POST", path: "/v1/moderations", answer: moderate },
    describe: {
      tag: "OpenAI",
      summary: "Moderates texts",
      request: ModerationRequest,
      headers: budgetHeaders,
      responses: { 200: ModerationReply },
      failures: textFailures,
    },
  },
  {
    ...{ ...shared, method: "GET", path: "/v1/models", answer: listModels },
    describe: { tag: "OpenAI", summary: "Lists the students", responses: { 200: OpenAiModels }, failures: [] },
  },
  {
    ...{ ...shared, method: "GET", path: "/v1/models/{model}", answer: showModel },
    describe: { tag: "OpenAI", summary: "One student", responses: { 200: OpenAiModel }, failures: [400, 404] },
  },
];

/** Names of OpenAI's own models, which clients send without a thought. */
const theirModels = /^(omni|text)-moderation-/;
const covered = "harassment";

async function moderate(app: App, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { input, model } = parseBody(ModerationRequest, await readJson(req, app.config.bodyLimitBytes));
  const { texts, joined } = toTexts(input);
  const student = model === undefined || theirModels.test(model) ? undefined : model;
  const items = texts.map((text) => [text]);
  const { prediction, results } = await ask(app, req, res, { tasks: [toxicityTask], input: "text", items, student });
  const toxicities = results.map((result) => must(result[toxicityTask]));
  const body = {
    id: `modr-${randomUUID()}`,
    model: prediction.student.manifest.name,
    results: joined ? [toModeration(toxicities)] : toxicities.map((result) => toModeration([result])),
  };
  sendJson(res, body, predictionHeaders(prediction));
}

function toTexts(input: ModerationRequest["input"]): { texts: string[]; joined: boolean } {
  if (typeof input === "string") return { texts: [input], joined: false };
  const texts = input.map((part) => {
    if (typeof part === "string") return part;
    if (part.type === "text") return part.text;
    throw new UnsupportedInputError("images are not judged by this server; send texts only");
  });
  return { texts, joined: typeof input[0] !== "string" };
}

/** Of several parts the worst one counts. */
function toModeration(parts: readonly Result[]): Moderation {
  const flagged = parts.some(isToxic);
  const score = Math.max(...parts.map(toxicityOf));
  return {
    flagged,
    categories: byCategory((category) => category === covered && flagged),
    category_scores: byCategory((category) => (category === covered ? score : 0)),
    category_applied_input_types: byCategory((category) => (category === covered ? ["text"] : [])),
    ...(parts.some((part) => part.truncated) && { truncated: true }),
  };
}

function listModels({ registry }: App, _req: IncomingMessage, res: ServerResponse): void {
  sendJson(res, { object: "list", data: moderators(registry.students()).map(toModel) });
}

function showModel({ registry }: App, _req: IncomingMessage, res: ServerResponse, { model }: Parameters) {
  const student = moderators(registry.students()).find((s) => s.manifest.name === model);
  if (student === undefined) throw new UnknownModelError("no student that moderates has this name");
  sendJson(res, toModel(student));
}

function moderators(students: readonly Student[]): Student[] {
  return students.filter((student) => student.tasks.has(toxicityTask));
}

function toModel({ manifest }: Student): typeof OpenAiModel._zod.output {
  return {
    id: manifest.name,
    object: "model",
    created: Math.floor(Date.parse(manifest.created) / 1000),
    owned_by: "kdnas",
    moderation: { covered: [covered], not_covered: categories.filter((category) => category !== covered) },
  };
}
