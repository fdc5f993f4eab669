import type { IncomingMessage, ServerResponse } from "node:http";
import type { Result } from "../../src/contract/prediction.ts";
import { must } from "../../src/invariant.ts";
import { language } from "../../src/tasks/language.ts";
import type { App } from "../app.ts";
import { parseBody, readJson } from "../body.ts";
import { NotEnabledError } from "../http-errors.ts";
import { type Answer, ask } from "./ask.ts";
import { storeCorrection } from "./feedback.ts";
import { languagesOf } from "./perspective-languages.ts";
import {
  AnalyzeReply,
  AnalyzeRequest,
  type AttributeScores,
  googleErrors,
  PerspectiveError,
  SuggestReply,
  SuggestRequest,
} from "./perspective-shapes.ts";
import { predictionHeaders, sendJson } from "./reply.ts";
import { budgetHeaders, textFailures } from "./request.ts";
import type { HotRoute } from "./route.ts";
import { type Span, sentencesOf } from "./sentences.ts";
import { toxicityOf, toxicityTask } from "./toxicity.ts";

const shared = {
  method: "POST",
  keyIn: { query: "key", header: "x-goog-api-key" },
  errors: googleErrors,
} as const;

/** Perspective's comment analyzer; the public service ends with 2026. */
export const perspectiveRoutes: readonly HotRoute[] = [
  {
    ...{ ...shared, path: "/v1alpha1/comments:analyze", scope: "infer", answer: analyze },
    describe: {
      tag: "Perspective",
      summary: "Scores a comment's toxicity",
      request: AnalyzeRequest,
      headers: budgetHeaders,
      responses: { 200: AnalyzeReply },
      failures: textFailures,
    },
  },
  {
    ...{ ...shared, path: "/v1alpha1/comments:suggestscore", scope: "feedback", answer: suggest },
    describe: {
      tag: "Perspective",
      summary: "Takes corrections of scores",
      request: SuggestRequest,
      responses: { 200: SuggestReply },
      failures: [400, 403, 404, 413, 415, 503, 507],
    },
  },
];

/** The one attribute that students are trained for. */
const attribute = "TOXICITY";

async function analyze(app: App, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const request = parseBody(AnalyzeRequest, await readJson(req, app.config.bodyLimitBytes));
  check(request);
  const { text } = request.comment;
  const spans = request.spanAnnotations ? sentencesOf(text) : [];
  if (spans.length >= app.config.maxItems)
    throw new PerspectiveError("COMMENT_TOO_LONG", `Comment has ${spans.length} sentences; leave spanAnnotations out.`);
  const answer = await ask(app, req, res, {
    tasks: [toxicityTask, ...detector(app)],
    input: "text",
    items: [[text], ...spans.map(({ begin, end }) => [text.slice(begin, end)])],
  });
  sendJson(res, toReply(request, answer, spans), predictionHeaders(answer.prediction));
}

type Checked = Pick<AnalyzeRequest, "comment" | "languages"> & {
  readonly requestedAttributes: Readonly<Record<string, { readonly scoreType?: string | undefined }>>;
};

/** @throws {PerspectiveError} in the words of Perspective's own errors, which clients look for. */
function check({ comment, requestedAttributes, languages }: Checked): void {
  const invalid = (message: string) => new PerspectiveError("INVALID_REQUEST", message);
  if (comment.text.trim() === "") throw new PerspectiveError("COMMENT_EMPTY", "Comment must be non-empty.");
  if (comment.type === "HTML") throw invalid("Currently, only 'PLAIN_TEXT' comments are supported");
  if (!["PLAIN_TEXT", "TEXT_TYPE_UNSPECIFIED", undefined].includes(comment.type)) throw invalid("Unknown text type");
  const requested = Object.entries(requestedAttributes);
  if (requested.length === 0) throw new PerspectiveError("NO_REQUESTED_ATTRIBUTES", "Missing requested_attributes");
  for (const [name, { scoreType }] of requested) {
    const shown = /^\w{1,40}$/.test(name) ? name : "(not a name)";
    if (name !== attribute)
      throw invalid(`Unknown requested attribute: ${shown} (this server covers ${attribute} only)`);
    if (!["PROBABILITY", "SCORE_TYPE_UNSPECIFIED", undefined].includes(scoreType))
      throw invalid(`Requested score type is not supported by attribute ${name}`);
  }
  if (!languages?.length && !/\p{L}/u.test(comment.text))
    throw new PerspectiveError("LANGUAGE_DETECTION_FAILED", "Unable to detect language");
}

/** The language is told in the same pass, where a student can. */
function detector({ registry }: App): string[] {
  const able = registry.students().some(({ tasks }) => tasks.has(toxicityTask) && tasks.has(language.name));
  return able ? [language.name] : [];
}

function toReply(
  { languages, requestedAttributes, comment, clientToken }: AnalyzeRequest,
  answer: Answer,
  spans: Span[],
) {
  const [whole, ...parts] = answer.results.map((result) => must(result[toxicityTask]));
  const { entry } = must(answer.prediction.student.tasks.get(toxicityTask));
  const detected = answer.results[0]?.[language.name];
  const judgedIn = languagesOf({ requested: languages, detected, supported: entry.languages }, attribute);
  const scored = spans.length === 0 ? [{ begin: 0, end: comment.text.length }] : spans;
  const spanScores = scored.map((span, i) => ({ ...span, score: toScore(parts[i] ?? must(whole)) }));
  const least = requestedAttributes[attribute]?.scoreThreshold ?? 0;
  return {
    attributeScores: atLeast(least, { spanScores, summaryScore: toScore(must(whole)) }),
    languages: judgedIn,
    detectedLanguages: detected === undefined ? [] : [detected.label],
    ...(clientToken !== undefined && { clientToken }),
    ...(whole?.truncated && { truncated: true }),
  };
}

function toScore(result: Result) {
  return { value: toxicityOf(result), type: "PROBABILITY" as const };
}

/** Scores below the caller's threshold are left out, span by span and as a whole. */
function atLeast(threshold: number, { spanScores, summaryScore }: AttributeScores): Record<string, AttributeScores> {
  if (summaryScore.value < threshold) return {};
  return {
    [attribute]: { spanScores: spanScores.filter(({ score }) => score.value >= threshold), summaryScore },
  };
}

/** A client's mistakes show also where nothing is stored. */
async function suggest(app: App, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const request = parseBody(SuggestRequest, await readJson(req, app.config.bodyLimitBytes));
  const { comment, clientToken, languages } = request;
  const suggested = Object.entries(request.attributeScores);
  const types = suggested.map(([name, { summaryScore }]) => [name, { scoreType: summaryScore?.type }] as const);
  check({ comment, requestedAttributes: Object.fromEntries(types), languages: languages ?? ["*"] });
  const score = request.attributeScores[attribute]?.summaryScore?.value;
  if (score === undefined || score < 0 || score > 1)
    throw new PerspectiveError("INVALID_REQUEST", "A summaryScore with a value from 0 to 1 is needed");
  if (app.feedback === null) throw new NotEnabledError("Feedback is not enabled on this server; nothing was stored.");
  const language = languages?.find(({ length }) => length <= 35);
  await storeCorrection(app, req, { task: toxicityTask, text: comment.text, score, language });
  sendJson(res, clientToken === undefined ? {} : { clientToken });
}
