import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { InvalidInputError } from "../../src/errors.ts";
import { tasks } from "../../src/tasks/index.ts";
import type { Task } from "../../src/tasks/task.ts";
import type { App } from "../app.ts";
import { parseBody, readJson } from "../body.ts";
import { tasksInOnePass } from "../choose.ts";
import { type ItemResult, type Prediction, predict, type Timing } from "../predict.ts";

/** A route that is answered before Express sees the request. It throws; `app.ts` replies to what it threw. */
export interface HotRoute {
  readonly path: string;
  answer(app: App, req: IncomingMessage, res: ServerResponse): Promise<void>;
}

/** Every task's own route, and `/v1/classify`, which answers all tasks over single texts in one pass. */
export function predictRoutes(): HotRoute[] {
  return [
    ...tasks.map((task) => ({
      path: `/v1/${task.route ?? task.name}`,
      answer: (app: App, req: IncomingMessage, res: ServerResponse) => answerTask(app, task, req, res),
    })),
    { path: "/v1/classify", answer: answerAll },
  ];
}

const options = {
  latencyBudgetMs: z.number().positive().max(3_600_000).optional(),
  student: z.string().min(1).max(200).optional(),
};

/** Items are checked one by one, so that a bad one does not spoil the others. */
const list = z.array(z.unknown()).min(1);
const requests = {
  text: z.strictObject({ inputs: z.union([z.string(), list], "expected a text or a list of texts"), ...options }),
  pair: z.strictObject({
    inputs: z.union([z.record(z.string(), z.unknown()), list], "expected {source, target} or a list of them"),
    ...options,
  }),
};
const items = {
  text: z.string().transform((text) => [text]),
  pair: z.strictObject({ source: z.string(), target: z.string() }).transform(({ source, target }) => [source, target]),
};

async function answerTask(app: App, task: Task, req: IncomingMessage, res: ServerResponse): Promise<void> {
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
  const body = parseBody<z.infer<(typeof requests)["text" | "pair"]>>(
    requests[input],
    await readJson(req, bodyLimitBytes),
  );
  const inputs = Array.isArray(body.inputs) ? body.inputs : [body.inputs];
  if (inputs.length > maxItems) throw new InvalidInputError(`inputs: ${inputs.length} of them; at most ${maxItems}`);
  return {
    items: inputs.map((item, i) => toItem(input, item, i)),
    student: body.student,
    budgetMs: body.latencyBudgetMs ?? budgetHeader(req),
  };
}

function toItem(input: Task["input"], item: unknown, index: number): readonly string[] | Error {
  const parsed = items[input].safeParse(item);
  if (parsed.success) return parsed.data;
  const wanted = input === "text" ? "a string" : "an object of two strings, source and target";
  return new InvalidInputError(`inputs[${index}]: expected ${wanted}`);
}

function budgetHeader(req: IncomingMessage): number | undefined {
  const header = req.headers["x-latency-budget-ms"];
  if (header === undefined) return undefined;
  const parsed = options.latencyBudgetMs.safeParse(Number(header));
  if (parsed.success) return parsed.data;
  throw new InvalidInputError("X-Latency-Budget-Ms: expected a number of milliseconds above 0");
}

/** Turns aborted when the connection is gone, without a listener for every request. */
function clientOf(res: ServerResponse): { readonly aborted: boolean } {
  return {
    get aborted() {
      return res.destroyed;
    },
  };
}

function sendPrediction(
  res: ServerResponse,
  { student, results, timing }: Prediction,
  shape: (result: Exclude<ItemResult, Error>) => unknown,
): void {
  const body = JSON.stringify({
    student: student.manifest.name,
    version: student.manifest.version,
    results: results.map((result) => (result instanceof Error ? { error: result.message } : shape(result))),
  });
  res.writeHead(200, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(body),
    "server-timing": toServerTiming(timing),
  });
  res.end(body);
}

function toServerTiming(timing: Timing): string {
  return Object.entries(timing)
    .map(([stage, ms]) => `${stage};dur=${(ms as number).toFixed(3)}`)
    .join(", ");
}
