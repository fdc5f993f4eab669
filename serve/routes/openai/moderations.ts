import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { UnknownModelError } from "../../../src/errors.ts";
import { must } from "../../../src/invariant.ts";
import type { App } from "../../app.ts";
import type { Student } from "../../students/student.ts";
import { type Answer, ask, isCut, readItems } from "../ask.ts";
import { attributeReader, toxicityTask } from "../attributes.ts";
import { predictionHeaders, sendJson } from "../reply.ts";
import { budgetHeaders, textFailures } from "../request.ts";
import type { HotRoute, Parameters } from "../route.ts";
import {
  byCategory,
  type Category,
  categories,
  type Moderation,
  ModerationReply,
  ModerationRequest,
  OpenAiModel,
  OpenAiModels,
  openAiErrors,
  UnsupportedInputError,
} from "./shapes.ts";

const shared = { scope: "infer", errors: openAiErrors } as const;

/** OpenAI's moderations, with what the filter can say, which is nearest to harassment, and the tasks of attributes. */
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

/** The tasks that a text has to have all of, for a category. */
const askedFor: Partial<Record<Category, readonly string[]>> = {
  harassment: [toxicityTask],
  "harassment/threatening": ["threat"],
  hate: ["identity-attack"],
  "hate/threatening": ["identity-attack", "threat"],
  sexual: ["sexually-explicit"],
};

/** Those that a student with these tasks can tell. */
function coveredBy(tasks: ReadonlySet<string> | ReadonlyMap<string, unknown>): Category[] {
  return categories.filter((category) => askedFor[category]?.every((task) => tasks.has(task)));
}

async function moderate(app: App, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { input, model } = await readItems(app, req, ModerationRequest, "input");
  const { texts, joined } = toTexts(input);
  const student = model === undefined || theirModels.test(model) ? undefined : model;
  const items = texts.map((text) => [text]);
  const tasks = moderatingTasks(app.registry.students(), student);
  const { prediction, results } = await ask(app, req, res, { tasks, input: "text", items, student });
  const body = {
    id: `modr-${randomUUID()}`,
    model: prediction.student.manifest.name,
    results: joined
      ? [toModeration(prediction.student, results)]
      : results.map((result) => toModeration(prediction.student, [result])),
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

/** Of the filter, and those of attributes that every student has which may answer: no category depends on who does. */
function moderatingTasks(students: readonly Student[], name: string | undefined): string[] {
  const able = moderators(students).filter(({ manifest }) => name === undefined || manifest.name === name);
  const wanted = new Set(Object.values(askedFor).flat());
  return [...wanted].filter((task) => task === toxicityTask || able.every(({ tasks }) => tasks.has(task)));
}

type Answered = Answer["results"][number];

/** Of several parts the worst one counts. */
function toModeration(student: Student, parts: readonly Answered[]): Moderation {
  const covered = coveredBy(new Set(Object.keys(parts[0] ?? {})));
  const judged = new Map(covered.map((category) => [category, judge(student, must(askedFor[category]), parts)]));
  return {
    flagged: [...judged.values()].some(({ flagged }) => flagged),
    categories: byCategory((category) => judged.get(category)?.flagged ?? false),
    category_scores: byCategory((category) => judged.get(category)?.score ?? 0),
    category_applied_input_types: byCategory((category) => (judged.has(category) ? ["text"] : [])),
    ...(parts.some(isCut) && { truncated: true }),
  };
}

/** Whether a part has all of these attributes, and how likely that is. */
function judge(student: Student, tasks: readonly string[], parts: readonly Answered[]) {
  const readers = tasks.map((task) => ({ task, ...attributeReader(student, task) }));
  const scoreOf = (part: Answered) => Math.min(...readers.map((of) => of.probabilityOf(must(part[of.task]))));
  return {
    flagged: parts.some((part) => readers.every((of) => of.has(must(part[of.task])))),
    score: Math.max(...parts.map(scoreOf)),
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

function toModel({ manifest, tasks }: Student): typeof OpenAiModel._zod.output {
  const covered = coveredBy(tasks);
  return {
    id: manifest.name,
    object: "model",
    created: Math.floor(Date.parse(manifest.created) / 1000),
    owned_by: "kdnas",
    moderation: { covered, not_covered: categories.filter((category) => !covered.includes(category)) },
  };
}
