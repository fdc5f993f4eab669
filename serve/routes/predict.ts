import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { Result } from "../../src/contract/prediction.ts";
import { InvalidInputError } from "../../src/errors.ts";
import { tasks } from "../../src/tasks/index.ts";
import type { Task } from "../../src/tasks/task.ts";
import { tasksInOnePass } from "../answering/choose.ts";
import { type ItemResult, type Prediction, predict } from "../answering/predict.ts";
import type { App } from "../app.ts";
import { parseBody, readJson } from "../http/body.ts";
import { toSchema } from "../openapi/schema.ts";
import { predictionHeaders, sendJson } from "./reply.ts";
import { budgetHeaders, budgetOf, clientOf, LatencyBudgetMs, textFailures } from "./request.ts";
import type { HotRoute } from "./route.ts";

/** Every task's own route, and `/v1/classify`, which answers all tasks over single texts in one pass. */
export function predictRoutes(): HotRoute[] {
  return [
    ...tasks.map((task) => ({
      ...nativeRoute(taskRequests[task.input], `Asks for ${task.name}`, TaskReply),
      path: `/v1/${task.route ?? task.name}`,
      answer: (app: App, req: IncomingMessage, res: ServerResponse) => answerTask(app, task, req, res),
    })),
    {
      ...nativeRoute(taskRequests.text, "Asks all tasks over single texts in one pass", ClassifyReply),
      path: "/v1/classify",
      answer: answerAll,
    },
  ];
}

export function nativeRoute(request: z.ZodType, summary: string, reply: z.ZodType) {
  return {
    method: "POST",
    scope: "infer",
    describe: {
      tag: "native",
      summary,
      request,
      headers: budgetHeaders,
      responses: { 200: reply },
      failures: textFailures,
    },
  } as const satisfies Partial<HotRoute>;
}

const options = {
  latencyBudgetMs: LatencyBudgetMs.optional(),
  student: z.string().min(1).max(200).optional(),
};

const Pair = z.strictObject({ source: z.string(), target: z.string() });
/** Items are checked one by one, so that a bad one does not spoil the others; but one must be good. */
const listWith = (item: z.ZodType) =>
  z
    .array(z.unknown())
    .min(1)
    .meta({ contains: toSchema(item, "input") });
export const taskRequests = {
  text: z.strictObject({
    inputs: z.union([z.string(), listWith(z.string())], "expected a text or a list of texts"),
    ...options,
  }),
  pair: z.strictObject({
    inputs: z.union([Pair, listWith(Pair)], "expected {source, target} or a list of them"),
    ...options,
  }),
};
const items = {
  text: z.string().transform((text) => [text]),
  pair: Pair.transform(({ source, target }) => [source, target]),
};

const ItemError = z.strictObject({ error: z.string() });
const replyOf = (result: z.ZodType) =>
  z.strictObject({
    student: z.string(),
    version: z.string(),
    /** The latency budget or the load ruled out a more accurate student. */
    downgraded: z.literal(true).optional(),
    results: z.array(z.union([result, ItemError])),
  });
export const TaskReply = replyOf(Result);
const ClassifyReply = replyOf(z.record(z.string(), Result));

export async function answerTask(app: App, task: Task, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const request = await readRequest(app, task.input, req);
  const prediction = await predict(app, { ...request, tasks: [task.name], input: task.input, client: clientOf(res) });
  sendPrediction(res, prediction, (result) => result[task.name]);
}

async function answerAll(app: App, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const request = await readRequest(app, "text", req);
  const covered = tasksInOnePass(app.registry.students(), request.student);
  const prediction = await predict(app, { ...request, tasks: covered, input: "text", client: clientOf(res) });
  sendPrediction(res, prediction, (result) => result);
}

async function readRequest(app: App, input: Task["input"], req: IncomingMessage) {
  const { maxItems, bodyLimitBytes } = app.config;
  // A wrong one is refused also where the body has its own.
  const headerMs = budgetOf(req);
  const body = parseBody<z.infer<(typeof taskRequests)["text" | "pair"]>>(
    taskRequests[input],
    await readJson(req, bodyLimitBytes),
  );
  const inputs = Array.isArray(body.inputs) ? body.inputs : [body.inputs];
  if (inputs.length > maxItems) throw new InvalidInputError(`inputs: ${inputs.length} of them; at most ${maxItems}`);
  return {
    items: inputs.map((item, i) => toItem(input, item, i)),
    student: body.student,
    budgetMs: body.latencyBudgetMs ?? headerMs,
  };
}

function toItem(input: Task["input"], item: unknown, index: number): readonly string[] | Error {
  const parsed = items[input].safeParse(item);
  if (parsed.success) return parsed.data;
  const wanted = input === "text" ? "a string" : "an object of two strings, source and target";
  return new InvalidInputError(`inputs[${index}]: expected ${wanted}`);
}

function sendPrediction(
  res: ServerResponse,
  prediction: Prediction,
  shape: (result: Exclude<ItemResult, Error>) => unknown,
): void {
  const { student, results, downgraded } = prediction;
  const body = {
    student: student.manifest.name,
    version: student.manifest.version,
    ...(downgraded && { downgraded }),
    results: results.map((result) => (result instanceof Error ? { error: result.message } : shape(result))),
  };
  sendJson(res, body, predictionHeaders(prediction));
}
