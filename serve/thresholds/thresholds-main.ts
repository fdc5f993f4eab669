import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { AppError, BadFileError, ConfigError, UpstreamError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import { fromJson, reasonOf } from "../../src/json-file.ts";
import { percent } from "../../src/percent.ts";
import { keyFrom } from "../config.ts";
import {
  bestF1,
  confidenceInterval,
  leastForPrecision,
  type OperatingPoint,
  operatingPoint,
  thresholdForShare,
  toShown,
} from "./thresholds.ts";

/** `npm run thresholds`: scores comments of the user's on a running server and says which threshold does what. */
const usage = `npm run thresholds -- --comments FILE [--student NAME] [--was 0.8] [--precision 0.9]
                      [--attribute THREAT] [--url http://127.0.0.1:8080] [--key KEY]

NAME is the student to ask, as in budget-3ms; without it, the one that the server takes for the attribute alone.
--attribute is the one whose scores are fitted, by its name at Perspective or here; TOXICITY is the filter's (default).
KEY is an API key of scope infer; better in the environment, where nobody sees it [KDNAS_KEY].
FILE holds a JSON object a line: {"text": "...", "toxic": true, "perspective": 0.83}
  toxic        whether it should be flagged: gives precision and recall at each threshold
  perspective  its former score: gives the threshold that flags as many as --was did`;

const Comment = z.object({
  text: z.string(),
  toxic: z.boolean().optional(),
  perspective: z.number().min(0).max(1).optional(),
});
/** With its place: file and line. */
type Comment = z.infer<typeof Comment> & { readonly place: string };
interface Scored extends Comment {
  readonly score: number;
  readonly by: By;
}

/** The student that gave a score. */
interface By {
  readonly student: string;
  /** Null where it answered in the place of the reply's student: such a result has its name only. */
  readonly version: string | null;
}

/** Of two labels the last one says that the text has the attribute. */
const isPair = (scores: object) => Object.keys(scores).length === 2;
const Answered = z.object({ scores: z.record(z.string(), z.number()).refine(isPair), student: z.string().optional() });
const Reply = z.object({
  student: z.string(),
  version: z.string(),
  results: z.array(z.union([Answered, z.object({ error: z.string() })])),
});
type Reply = z.infer<typeof Reply>;

const share = z.coerce.number().min(0).max(1);
const Flags = z.object({
  comments: z.string(),
  student: z.string().optional(),
  attribute: z.string().regex(/^[\w-]+$/, "is a name, as in THREAT"),
  url: z.url(),
  key: z.string().optional(),
  was: share,
  precision: share,
});

await run(process.argv.slice(2)).catch((cause: unknown) => {
  console.error(cause instanceof AppError ? `error: ${cause.message}` : cause);
  process.exitCode = cause instanceof ConfigError ? 2 : 1;
});

async function run(args: readonly string[]): Promise<void> {
  if (args.includes("--help")) return console.log(usage);
  const flags = readFlags(args);
  const comments = readComments(flags.comments);
  const scored: Scored[] = [];
  for (let i = 0; i < comments.length; i += 32) scored.push(...(await score(flags, comments.slice(i, i + 32))));
  console.log(`scores of ${describeAll(scored.map(({ by }) => by))}`);
  compare(scored, flags.was);
  judge(scored, flags.precision);
}

function readFlags(args: readonly string[]): z.infer<typeof Flags> {
  const text = (standard?: string) => ({ type: "string" as const, ...(standard && { default: standard }) });
  const server = { url: text("http://127.0.0.1:8080"), key: text() };
  const asked = { comments: text(), student: text(), attribute: text("TOXICITY"), ...server };
  try {
    const { values } = parseArgs({ args: [...args], options: { ...asked, was: text("0.8"), precision: text("0.9") } });
    return Flags.parse({ ...values, key: values.key ?? keyFrom() });
  } catch (cause) {
    throw new ConfigError(`${reasonOf(cause)}\n${usage}`, { cause });
  }
}

function readComments(path: string): Comment[] {
  const comments = readLines(path).flatMap((line, i) => (line.trim() === "" ? [] : [readComment(path, line, i + 1)]));
  if (comments.length === 0) throw new BadFileError(`${path}: holds no comment`);
  return comments;
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\n");
  } catch (cause) {
    throw new BadFileError(`${path}: cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function readComment(path: string, line: string, number: number): Comment {
  const place = `${path}:${number}`;
  try {
    return { ...fromJson(line, Comment), place };
  } catch (cause) {
    const wanted = "an object with a text, and toxic (true or false), perspective (0 to 1) or both";
    throw new BadFileError(`${place}: expected ${wanted}`, { cause });
  }
}

async function score(flags: z.infer<typeof Flags>, comments: readonly Comment[]): Promise<Scored[]> {
  const { student, version, results } = await ask(flags, comments);
  return comments.map((comment, i) => {
    const result = results[i] ?? { error: "nothing" };
    if ("error" in result) throw new UpstreamError(`${comment.place}: the server answered ${result.error}`);
    const by = result.student === undefined ? { student, version } : { student: result.student, version: null };
    return { ...comment, score: must(Object.values(result.scores).at(-1)), by };
  });
}

/** All that answered, with their versions where a reply tells them. */
function describeAll(all: readonly By[]): string {
  const versioned = new Set(all.flatMap(({ student, version }) => (version === null ? [] : student)));
  const told = all.filter(({ student, version }) => version !== null || !versioned.has(student));
  const names = told.map(({ student, version }) => (version === null ? student : `${student}, version ${version}`));
  return [...new Set(names)].join(" and ");
}

async function ask(flags: z.infer<typeof Flags>, comments: readonly Comment[]): Promise<Reply> {
  const { url } = flags;
  const { ok, status, body } = await post(flags, comments).catch((cause: Error) => {
    throw new UpstreamError(`${url} does not answer: ${cause.message}`, { cause });
  });
  if (!ok) throw new UpstreamError(`${url} answered ${status}: ${body.slice(0, 500)}`);
  try {
    return fromJson(body, Reply);
  } catch (cause) {
    const { place } = must(comments[0]);
    throw new UpstreamError(`${place}: ${url} answered no scores to the comments from here on`, { cause });
  }
}

/** `IDENTITY_ATTACK` is answered by the task `identity-attack`. */
function pathOf(attribute: string): string {
  const task = attribute.toLowerCase().replaceAll("_", "-");
  return task === "toxicity" ? "/v1/filter" : `/v1/tasks/${task}`;
}

async function post({ url, key, student, attribute }: z.infer<typeof Flags>, comments: readonly Comment[]) {
  const response = await fetch(new URL(pathOf(attribute), url), {
    method: "POST",
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    body: JSON.stringify({ inputs: comments.map(({ text }) => text), student }),
  });
  return { ok: response.ok, status: response.status, body: await response.text() };
}

/** Against former scores: as many flagged as before, and how often the two then agree. */
function compare(comments: readonly Scored[], was: number): void {
  const known = comments.filter(({ perspective }) => perspective !== undefined);
  if (known.length === 0) return;
  const flaggedBefore = known.filter(({ perspective }) => (perspective as number) >= was).length;
  if (flaggedBefore === 0) {
    console.log(`${known.length} comments with a former score, none of ${was} or more: nothing to flag as many as`);
    return;
  }
  const scores = known.map((comment) => comment.score);
  const threshold = toShown(thresholdForShare(scores, flaggedBefore / known.length), scores);
  // By what is told: nobody else will use more digits.
  const agree = known.filter((c) => c.score >= Number(threshold) === (c.perspective as number) >= was).length;
  console.log(
    `${known.length} comments with a former score: ${was} flagged ${percent(flaggedBefore / known.length)}; ` +
      `${threshold} flags as many here, and agrees on ${percent(agree / known.length)} of the comments`,
  );
}

/** Against the truth: what each threshold does, and those that are often wanted. */
function judge(comments: readonly Scored[], precision: number): void {
  const labelled = comments.flatMap(({ score: value, toxic }) =>
    toxic === undefined ? [] : [{ score: value, toxic }],
  );
  if (labelled.length === 0) return;
  const toxic = labelled.filter((comment) => comment.toxic).length;
  console.log(`${labelled.length} labelled comments, ${toxic} of them toxic`);
  if (toxic === 0 || toxic === labelled.length) {
    console.log("precision and recall need toxic comments and others");
    return;
  }
  console.log("threshold  flagged  precision  recall     F1");
  for (let tenth = 1; tenth < 10; tenth++) console.log(toLine(operatingPoint(labelled, tenth / 10)));
  console.log(`best F1:\n${toLine(bestF1(labelled))}`);
  const sure = leastForPrecision(labelled, precision);
  if (sure === undefined) {
    console.log(`no threshold reaches a precision of ${precision}`);
    return;
  }
  const [low, high] = confidenceInterval(sure.precision, sure.flagged * labelled.length);
  console.log(
    `precision of at least ${precision} (95 % confidence: ${low.toFixed(2)} to ${high.toFixed(2)}):\n${toLine(sure)}`,
  );
}

function toLine({ threshold, flagged, precision, recall, f1 }: OperatingPoint): string {
  const cells = [threshold.toFixed(2), percent(flagged), percent(precision), percent(recall), percent(f1)];
  return [9, 9, 11, 8, 7].map((width, i) => must(cells[i]).padStart(width)).join("");
}
