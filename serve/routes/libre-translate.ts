import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { InvalidInputError, UnknownModelError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import { language } from "../../src/tasks/language.ts";
import type { App } from "../app.ts";
import { readFields } from "../http/body.ts";
import type { ErrorShape } from "../http/error-reply.ts";
import { ask } from "./ask.ts";
import { answerProbe, readyReason } from "./readiness.ts";
import { predictionHeaders, sendJson } from "./reply.ts";
import { budgetHeaders, textFailures } from "./request.ts";
import type { HotRoute } from "./route.ts";

const DetectRequest = z.object({
  q: z.string().min(1),
  /** Read before, to let the request in. */
  api_key: z.unknown().optional(),
});
const DetectReply = z.array(z.strictObject({ confidence: z.number().min(0).max(100), language: z.string() }));
/** This server translates nothing, so that `targets` is always empty. */
const LanguagesReply = z.array(
  z.strictObject({ code: z.string(), name: z.string(), targets: z.array(z.string()).max(0) }),
);

const errors: ErrorShape = {
  contentType: "application/json",
  schema: z.strictObject({ error: z.string() }),
  toReply: ({ status, title, detail }) => ({
    // LibreTranslate refuses a missing or wrong key with 403.
    status: status === 401 ? 403 : status,
    body: { error: status === 429 ? `Slowdown: ${detail ?? title}` : (detail ?? title) },
  }),
};

const guard = { scope: "infer", keyIn: { query: "api_key", body: "api_key" } } as const;

/** LibreTranslate's detection of languages. */
export const libreTranslateRoutes: readonly HotRoute[] = [
  {
    ...{ ...guard, method: "POST", path: "/detect", errors, answer: detect },
    describe: {
      tag: "LibreTranslate",
      summary: "Detects a text's language",
      request: DetectRequest,
      requestTypes: ["application/json", "application/x-www-form-urlencoded"],
      headers: budgetHeaders,
      responses: { 200: DetectReply },
      failures: textFailures,
    },
  },
  {
    // Open to all, as at LibreTranslate, some of whose clients send their key in the body of a GET.
    ...{ method: "GET", path: "/languages", scope: null, errors, answer: listLanguages },
    describe: {
      tag: "LibreTranslate",
      summary: "Lists the languages that are detected",
      responses: { 200: LanguagesReply },
      failures: [404],
    },
  },
  {
    ...{ method: "GET", path: "/health", scope: null, errors, answer: answerProbe(readyReason, { status: "ok" }) },
    describe: {
      tag: "LibreTranslate",
      summary: "Whether texts are answered now",
      responses: { 200: z.strictObject({ status: z.literal("ok") }) },
      failures: [503],
    },
  },
];

async function detect(app: App, req: IncomingMessage, res: ServerResponse): Promise<void> {
  let fields: unknown;
  try {
    fields = await readFields(req, app.config.bodyLimitBytes);
  } finally {
    // Whoever sends what cannot be read has no key in it, and is counted like all others without one.
    app.access.admitBody(req, res, guard, fields);
  }
  const { data, error } = DetectRequest.safeParse(fields);
  if (error) throw new InvalidInputError("Invalid request: missing q parameter", { cause: error });
  const question = { tasks: [language.name], input: "text", items: [[data.q]] } as const;
  const { prediction, results } = await ask(app, req, res, question);
  const { scores } = must(results[0]?.[language.name]);
  const likeliest = Object.entries(scores).sort(([, a], [, b]) => b - a);
  const reply = likeliest.map(([code, score]) => ({ confidence: 100 * score, language: code }));
  sendJson(res, reply, predictionHeaders(prediction));
}

const englishNames = new Intl.DisplayNames("en", { type: "language", fallback: "code" });

function listLanguages({ registry }: App, _req: IncomingMessage, res: ServerResponse): void {
  const codes = new Set(registry.students().flatMap(({ tasks }) => tasks.get(language.name)?.entry.labels ?? []));
  if (codes.size === 0) throw new UnknownModelError("no student tells languages");
  const reply = [...codes].sort().map((code) => ({ code, name: nameOf(code), targets: [] }));
  sendJson(res, reply);
}

function nameOf(code: string): string {
  try {
    return englishNames.of(code) ?? code;
  } catch {
    return code;
  }
}
