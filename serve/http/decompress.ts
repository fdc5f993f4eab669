import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import { InvalidInputError } from "../../src/errors.ts";
import { BodyTooLargeError, UnsupportedMediaTypeError } from "./http-errors.ts";

type Decompress = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

const codings: Readonly<Record<string, Decompress>> = {
  identity: async (bytes) => bytes,
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/**
 * How to read a body of this `Content-Encoding`, which Google's clients for Java and .NET send unasked. What is unpacked has the same limit as
 * what is sent, so that a few kilobytes cannot become gigabytes. @throws {UnsupportedMediaTypeError} for a coding that is not read
 */
export function decompressor(encoding: string | undefined, limitBytes: number): (bytes: Buffer) => Promise<Buffer> {
  const name = encoding?.trim().toLowerCase() || "identity";
  const decompress = Object.hasOwn(codings, name) ? codings[name] : undefined;
  if (decompress === undefined)
    throw new UnsupportedMediaTypeError(`compressed bodies are read as ${Object.keys(codings).slice(1).join(", ")}`);
  return async (bytes) => {
    try {
      return await decompress(bytes, { maxOutputLength: limitBytes });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
        throw new BodyTooLargeError(`a body may have ${limitBytes} bytes unpacked`, { cause });
      throw new InvalidInputError(`the body is not ${name}`, { cause });
    }
  };
}
