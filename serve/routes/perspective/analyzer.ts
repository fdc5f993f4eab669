import type { IncomingMessage, ServerResponse } from "node:http";
import type { Result } from "../../../src/contract/prediction.ts";
import { must } from "../../../src/invariant.ts";
import { language } from "../../../src/tasks/language.ts";
import { checkLoaded } from "../../answering/choose.ts";
import type { App } from "../../app.ts";
import { parseBody, readJson } from "../../http/body.ts";
import { NotEnabledError } from "../../http/http-errors.ts";
import { type Answer, ask, isCut } from "../ask.ts";
import { attributeReader, attributeTasks, toxicityTask } from "../attributes.ts";
import { storeCorrection } from "../feedback.ts";
import { predictionHeaders, sendJson } from "../reply.ts";
import { budgetHeaders, textFailures } from "../request.ts";
import type { HotRoute } from "../route.ts";
import { languagesOf } from "./languages.ts";
import { joinNeighbours, type Span, sentencesOf } from "./sentences.ts";
import {
  AnalyzeReply,
  AnalyzeRequest,
  type AttributeScores,
  googleErrors,
  PerspectiveError,
  SuggestReply,
  SuggestRequest,
} from "./shapes.ts";

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
      summary: "Scores a comment's toxicity and other attributes",
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

/** The attribute that is the filter's; others are named as their task is, `IDENTITY_ATTACK` as `identity-attack`. */
const toxicity = "TOXICITY";

/** The tasks that answer attributes, by the attribute's name. */
type Attributes = ReadonlyMap<string, string>;

/** All that can be asked for. @throws {UnavailableError} */
function attributesOf({ registry }: App): Attributes {
  checkLoaded(registry.students());
  const others = attributeTasks(registry.students());
  const named = others.map((task) => [task.toUpperCase().replaceAll("-", "_"), task] as const);
  return new Map([[toxicity, toxicityTask], ...named.filter(([name]) => name !== toxicity)]);
}

async function analyze(app: App, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const request = parseBody(AnalyzeRequest, await readJson(req, app.config.bodyLimitBytes));
  const attributes = check(request, attributesOf(app));
  checkTogether(app, attributes);
  const { text } = request.comment;
  const spans = request.spanAnnotations ? spansOf(text, app.config.maxItems - 1) : [];
  const answer = await ask(app, req, res, {
    tasks: [...attributes.values(), ...detector(app, [...attributes.values()])],
    input: "text",
    items: [[text], ...spans.map(({ begin, end }) => [text.slice(begin, end)])],
    forget: request.doNotStore,
  });
  const kept = request.dropUnsupportedAttributes ? supported(request, attributes, answer) : attributes;
  sendJson(res, toReply(request, kept, answer, spans), predictionHeaders(answer.prediction));
}

/** Sentences that are looked for in a comment. Perspective's longest, of 20 KB, have some hundreds. */
const mostSentences = 4096;

/** A comment's sentences; of one with more than can be asked about, neighbours together. @throws {PerspectiveError} */
function spansOf(text: string, most: number): Span[] {
  const sentences = sentencesOf(text, mostSentences);
  if (sentences.length < mostSentences) return joinNeighbours(sentences, most);
  const message = `Comment has ${mostSentences} sentences or more; leave spanAnnotations out.`;
  throw new PerspectiveError("COMMENT_TOO_LONG", message);
}

/** Those of the attributes that support the comment's language. */
function supported(request: AnalyzeRequest, attributes: Attributes, answer: Answer): Attributes {
  return new Map([...attributes].filter(([...one]) => languagesOrNull(request, one, answer) !== null));
}

function languagesOrNull(request: AnalyzeRequest, attribute: readonly [string, string], answer: Answer) {
  try {
    return attributeLanguages(request, attribute, answer);
  } catch (error) {
    if (error instanceof PerspectiveError) return null;
    throw error;
  }
}

type Checked = Pick<AnalyzeRequest, "comment" | "languages"> & {
  readonly requestedAttributes: Readonly<Record<string, { readonly scoreType?: string | undefined }>>;
};

/** The requested ones of the known attributes. @throws {PerspectiveError} in the words of Perspective's own errors, which clients look for. */
function check({ comment, requestedAttributes, languages }: Checked, known: Attributes): Attributes {
  const invalid = (message: string) => new PerspectiveError("INVALID_REQUEST", message);
  if (comment.text.trim() === "") throw new PerspectiveError("COMMENT_EMPTY", "Comment must be non-empty.");
  if (comment.type === "HTML") throw invalid("Currently, only 'PLAIN_TEXT' comments are supported");
  if (!["PLAIN_TEXT", "TEXT_TYPE_UNSPECIFIED", undefined].includes(comment.type)) throw invalid("Unknown text type");
  const requested = Object.entries(requestedAttributes);
  if (requested.length === 0) throw new PerspectiveError("NO_REQUESTED_ATTRIBUTES", "Missing requested_attributes");
  for (const [name, { scoreType }] of requested) {
    const shown = /^\w{1,40}$/.test(name) ? name : "(not a name)";
    if (!known.has(name))
      throw invalid(`Unknown requested attribute: ${shown} (this server covers ${[...known.keys()].join(", ")})`);
    if (!["PROBABILITY", "SCORE_TYPE_UNSPECIFIED", undefined].includes(scoreType))
      throw invalid(`Requested score type is not supported by attribute ${name}`);
  }
  if (!languages?.length && !/\p{L}/u.test(comment.text))
    throw new PerspectiveError("LANGUAGE_DETECTION_FAILED", "Unable to detect language");
  return new Map([...known].filter(([name]) => name in requestedAttributes));
}

/** Attributes that were added to different students have no student that answers them in one pass. @throws {PerspectiveError} */
function checkTogether({ registry }: App, attributes: Attributes): void {
  const able = registry.students().some(({ tasks }) => [...attributes.values()].every((task) => tasks.has(task)));
  if (!able && registry.students().length > 0)
    throw new PerspectiveError("INVALID_REQUEST", `No student answers ${[...attributes.keys()].join(", ")} together`);
}

/** The language is told in the same pass, where a student can. */
function detector({ registry }: App, asked: readonly string[]): string[] {
  const able = registry
    .students()
    .some(({ tasks }) => tasks.has(language.name) && asked.every((task) => tasks.has(task)));
  return able ? [language.name] : [];
}

function toReply(request: AnalyzeRequest, attributes: Attributes, answer: Answer, spans: readonly Span[]) {
  const { requestedAttributes, comment, clientToken } = request;
  const detected = answer.results[0]?.[language.name];
  const scored = spans.length === 0 ? [{ begin: 0, end: comment.text.length }] : spans;
  const scores = Array.from(attributes, ([attribute, task]) => {
    const least = requestedAttributes[attribute]?.scoreThreshold ?? 0;
    return [attribute, atLeast(least, scoresOf(answer, task, scored))] as const;
  });
  return {
    attributeScores: Object.fromEntries(scores.filter(([, own]) => own !== null)),
    languages: judgedIn(request, attributes, answer),
    detectedLanguages: detected === undefined ? [] : [detected.label],
    ...(clientToken !== undefined && { clientToken }),
    ...(isCut(must(answer.results[0])) && { truncated: true }),
  };
}

/** Languages in which every attribute counts as judged. @throws {PerspectiveError} for an attribute of which that can be said of none */
function judgedIn(request: AnalyzeRequest, attributes: Attributes, answer: Answer): string[] {
  const [first = [], ...rest] = Array.from(attributes, (attribute) => attributeLanguages(request, attribute, answer));
  const others = rest.map((tags) => new Set(tags));
  return first.filter((tag) => others.every((tags) => tags.has(tag)));
}

/** @throws {PerspectiveError} */
function attributeLanguages(
  { languages: requested }: AnalyzeRequest,
  [attribute, task]: readonly [string, string],
  { prediction, results }: Answer,
): string[] {
  const { entry } = must(prediction.student.tasks.get(task));
  return languagesOf({ requested, detected: results[0]?.[language.name], supported: entry.languages }, attribute);
}

/** Of the whole text, which is the first that was judged, and of its parts; a text without parts is its own. */
function scoresOf({ results, prediction }: Answer, task: string, scored: readonly Span[]): AttributeScores {
  const { probabilityOf } = attributeReader(prediction.student, task);
  const toScore = (result: Result) => ({ value: probabilityOf(result), type: "PROBABILITY" as const });
  const [whole, ...parts] = results.map((result) => toScore(must(result[task])));
  const spanScores = scored.map((span, i) => ({ ...span, score: parts[i] ?? must(whole) }));
  return { spanScores, summaryScore: must(whole) };
}

/** Scores below the caller's threshold are left out, span by span; null where the whole is below it. */
function atLeast(threshold: number, { spanScores, summaryScore }: AttributeScores): AttributeScores | null {
  if (summaryScore.value < threshold) return null;
  return { spanScores: spanScores.filter(({ score }) => score.value >= threshold), summaryScore };
}

/** A client's mistakes show also where nothing is stored. */
async function suggest(app: App, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const request = parseBody(SuggestRequest, await readJson(req, app.config.bodyLimitBytes));
  const { comment, clientToken, languages } = request;
  const suggested = Object.entries(request.attributeScores);
  const types = suggested.map(([name, { summaryScore }]) => [name, { scoreType: summaryScore?.type }] as const);
  const checked = { comment, requestedAttributes: Object.fromEntries(types), languages: languages ?? ["*"] };
  const attributes = check(checked, attributesOf(app));
  const corrections = Array.from(attributes, ([name, task]) => ({ task, score: suggestedScore(request, name) }));
  if (app.feedback === null) throw new NotEnabledError("Feedback is not enabled on this server; nothing was stored.");
  const language = languages?.find(({ length }) => length <= 35);
  for (const correction of corrections)
    await storeCorrection(app, req, { ...correction, text: comment.text, language });
  const told = { requestedLanguages: languages ?? [], detectedLanguages: [] };
  sendJson(res, clientToken === undefined ? told : { clientToken, ...told });
}

function suggestedScore({ attributeScores }: SuggestRequest, attribute: string): number {
  const score = attributeScores[attribute]?.summaryScore?.value;
  if (score === undefined || score < 0 || score > 1)
    throw new PerspectiveError("INVALID_REQUEST", "A summaryScore with a value from 0 to 1 is needed");
  return score;
}
