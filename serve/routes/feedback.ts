import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { TaskName } from "../../src/contract/manifest.ts";
import type { App } from "../app.ts";
import { enabled } from "../feedback/feedback.ts";
import { putOutcomes } from "../feedback/feedback-store.ts";
import { type CorrectionRequest, longestText, toCorrection } from "../feedback/to-correction.ts";
import { parseBody, readJson } from "../http/body.ts";
import { UnknownFeedbackError } from "../http/http-errors.ts";
import { byOf, callerOf } from "../security/access.ts";
import { sendJson } from "./reply.ts";
import type { HotRoute, Parameters } from "./route.ts";

const Text = z.string().min(1).max(longestText);

/** Ways to name what is judged, and to judge it: one of each. */
const subjects = [["task", "text"], ["task", "source", "target"], ["reply"]];
const verdicts = [["label"], ["score"]];
const oneOf = (ways: readonly (readonly string[])[]) => ({ oneOf: ways.map((required) => ({ required })) });

const FeedbackRequest = z
  .strictObject({
    task: TaskName.optional().describe("needed with a text, and with a reply that is about several tasks"),
    text: Text.optional(),
    source: Text.optional(),
    target: Text.optional(),
    reply: z.string().min(1).max(128).optional().describe("X-Request-Id of a reply; recent ones are remembered"),
    index: z.int().min(0).optional().describe("which item of the reply, where it has several"),
    label: z.string().min(1).max(200).optional().describe("the right label"),
    score: z.number().min(0).max(1).optional().describe("the right probability of the task's last label"),
    language: z.string().min(2).max(35).optional().describe("of the text, as in the students' lists"),
  })
  .refine((request) => countOf(subjects, request) === 1, "give task and text, task, source and target, or reply")
  .refine((request) => countOf(verdicts, request) === 1, "give label or score, one of both")
  .meta({ allOf: [oneOf(subjects), oneOf(verdicts)] });

const Stored = z.strictObject({
  id: z.string().describe("of the correction: sending the same again gives the same"),
  outcome: z.enum(putOutcomes),
});
const Erased = z.strictObject({ id: z.string(), outcome: z.literal("erased") });

const described = { tag: "feedback" } as const;

/** Corrections of answers, from which the next search learns. */
export const feedbackRoutes: readonly HotRoute[] = [
  {
    ...{ method: "POST", path: "/v1/feedback", scope: "feedback", answer: take },
    describe: {
      ...described,
      summary: "Takes the right label or score of a text, a pair or a past reply; it is on disk when this answers",
      request: FeedbackRequest,
      responses: { 200: Stored },
      failures: [400, 403, 404, 413, 415, 503, 507],
    },
  },
  {
    ...{ method: "GET", path: "/v1/feedback", scope: "admin", answer: exportAll },
    describe: {
      ...described,
      summary: "All corrections that count, a JSON object a line",
      responseType: "application/x-ndjson",
      responses: { 200: z.string() },
      failures: [403],
    },
  },
  {
    ...{ method: "DELETE", path: "/v1/feedback/{id}", scope: "feedback", answer: erase },
    describe: {
      ...described,
      summary: "Erases a correction of this key, from the disk too; with the scope admin, anybody's",
      responses: { 200: Erased },
      failures: [403, 404],
    },
  },
];

function countOf(ways: readonly (readonly string[])[], request: Readonly<Record<string, unknown>>): number {
  return ways.filter((fields) => fields.every((field) => request[field] !== undefined)).length;
}

async function take(app: App, req: IncomingMessage, res: ServerResponse): Promise<void> {
  enabled(app.feedback);
  const request = parseBody(FeedbackRequest, await readJson(req, app.config.bodyLimitBytes));
  sendJson(res, await storeCorrection(app, req, request));
}

/** Stores what a request says, whatever its shape was. @throws what `toCorrection` and the store throw */
export async function storeCorrection(app: App, req: IncomingMessage, request: CorrectionRequest) {
  const { store, replies } = enabled(app.feedback);
  const deps = { students: app.registry.students(), replies, caller: callerOf(req) };
  const { correction, verdict } = toCorrection(request, deps);
  const stored = await store.put(correction);
  if (stored.outcome !== "unchanged") app.metrics.feedback(correction.task, verdict);
  return stored;
}

async function exportAll(app: App, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { store } = enabled(app.feedback);
  app.log.info("feedback exported", { corrections: store.count, ...byOf(req) });
  res.writeHead(200, { "content-type": "application/x-ndjson; charset=utf-8" });
  if (req.method === "HEAD") res.end();
  else await pipeline(Readable.from(store.export()), res);
}

async function erase(app: App, req: IncomingMessage, res: ServerResponse, { id = "" }: Parameters): Promise<void> {
  const { store } = enabled(app.feedback);
  const caller = callerOf(req);
  const own = caller?.key === undefined ? null : caller.id;
  const erased = await store.remove(id, (key) => key === own || caller?.admin === true);
  if (!erased) throw new UnknownFeedbackError("no correction of yours has this id");
  app.log.info("feedback erased", { id, ...byOf(req) });
  sendJson(res, { id, outcome: "erased" });
}
