import type { IncomingMessage } from "node:http";
import type { z } from "zod";
import { InvalidInputError } from "../../src/errors.ts";
import { withoutByteOrderMark } from "../../src/json-file.ts";
import { decompressor } from "./decompress.ts";
import { BodyTooLargeError, ClientLeftError, UnsupportedMediaTypeError } from "./http-errors.ts";

/**
 * Reads a JSON body. Any content type will do, since many clients forget it.
 * @throws {BodyTooLargeError | UnsupportedMediaTypeError | InvalidInputError | ClientLeftError}
 */
export async function readJson(req: IncomingMessage, limitBytes: number): Promise<unknown> {
  return parseJson((await readBytes(req, limitBytes)).toString("utf8"));
}

/** Fields of a form, or a JSON body, told apart by its first letter: many clients send JSON and call it a form. */
export async function readFields(req: IncomingMessage, limitBytes: number): Promise<unknown> {
  if (req.headers["content-type"]?.startsWith("multipart/"))
    throw new UnsupportedMediaTypeError("send JSON or application/x-www-form-urlencoded");
  const text = (await readBytes(req, limitBytes)).toString("utf8");
  return /^\s*[{[]/.test(text) ? parseJson(text) : Object.fromEntries(new URLSearchParams(text));
}

/** @throws {InvalidInputError} */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(withoutByteOrderMark(text));
  } catch {
    // biome-ignore lint/style/useErrorCause: the parser's message quotes the body, and bodies hold people's texts.
    throw new InvalidInputError("the body is not JSON");
  }
}

/** @throws {BodyTooLargeError | UnsupportedMediaTypeError | InvalidInputError | ClientLeftError} */
export async function readBytes(req: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const encoding = req.headers["content-encoding"];
  if (encoding === undefined) return await collect(req, limitBytes);
  const decompress = decompressor(encoding, limitBytes);
  return await decompress(await collect(req, limitBytes));
}

function collect(req: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const tooLarge = () => new BodyTooLargeError(`a body may have ${limitBytes} bytes`);
  return new Promise((resolve, reject) => {
    if (Number(req.headers["content-length"] ?? 0) > limitBytes) {
      discard(req);
      reject(tooLarge());
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;
    req.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > limitBytes) {
        req.removeAllListeners("data");
        discard(req);
        reject(tooLarge());
      } else chunks.push(chunk);
    });
    req.on("end", () => resolve(join(chunks)));
    // "close" comes after every request, and an error's stack takes longer to make than the body to read.
    const left = () => {
      if (!req.complete) reject(new ClientLeftError("the client left before its body was read"));
    };
    req.on("close", left);
    req.on("error", left);
  });
}

/** Lets the rest of a refused body run off for a while, so that the client gets to read the reply; then cuts it. */
function discard(req: IncomingMessage): void {
  req.resume();
  const cut = setTimeout(() => req.destroy(), 2000);
  cut.unref();
  req.once("close", () => clearTimeout(cut));
}

function join(chunks: readonly Buffer[]): Buffer {
  const [only] = chunks;
  return only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks);
}

/** Faults that a refusal names: a body of wrong items has more of them than bytes that a reply should have. */
const mostNamed = 10;

/** @throws {InvalidInputError} that names the first wrong fields; never the value. */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const toLine = (issue: z.core.$ZodIssue) => [...issue.path.map(nameOf), messageOf(issue)].join(": ");
  throw new InvalidInputError(firstOf(parsed.error.issues, toLine, "; "), { cause: parsed.error });
}

function firstOf<T>(all: readonly T[], tell: (one: T) => string, separator: string): string {
  const told = all.slice(0, mostNamed).map(tell).join(separator);
  return all.length > mostNamed ? `${told} and ${all.length - mostNamed} more` : told;
}

function messageOf(issue: z.core.$ZodIssue): string {
  return issue.code === "unrecognized_keys" ? `unknown field ${firstOf(issue.keys, nameOf, ", ")}` : issue.message;
}

/** A field is named when it looks like a field: a key may be someone's text as well. */
function nameOf(key: PropertyKey): string {
  return /^[\w-]{1,40}$/.test(String(key)) ? String(key) : "(a field)";
}
