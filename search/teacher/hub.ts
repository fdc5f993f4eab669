// Before the client, which loads the runtime too.
import "../../src/onnx/no-telemetry.ts";
import { existsSync, rmSync, statSync } from "node:fs";
import { mkdir, open, rename } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { BadFileError, UpstreamError } from "../../src/errors.ts";
import { dropStaleDrafts, ownDraft } from "../../src/own-draft.ts";

/** Beside the configuration; `model.safetensors` comes last, since it is the large one. */
const files = ["tokenizer.json", "model.safetensors"];

/**
 * A teacher's folder: the path itself when there is one, else the files of a public Hugging Face hub id (`owner/name`), kept in
 * `cacheFolder` and fetched once. The hub client of transformers.js fetches and caches the configuration; it has no public call
 * for files that it does not read itself, so these are fetched from its `env.remoteHost` into the same cache.
 * @throws {BadFileError} when it is neither a folder nor an id. @throws {UpstreamError} when the hub does not give a file.
 */
export async function fetchTeacher(pathOrId: string, cacheFolder: string): Promise<string> {
  if (existsSync(pathOrId)) return pathOrId;
  if (!/^[\w.-]+\/[\w.-]+$/.test(pathOrId)) throw new BadFileError(`${pathOrId}: there is no such teacher folder`);
  const folder = join(cacheFolder, pathOrId);
  if (["config.json", ...files].every((file) => existsSync(join(folder, file)))) return folder;
  const { AutoConfig, env } = await import("@xenova/transformers");
  await orUpstreamError(pathOrId, "config.json", () =>
    AutoConfig.from_pretrained(pathOrId, { cache_dir: cacheFolder }),
  );
  const place = env.remotePathTemplate.replaceAll("{model}", pathOrId).replaceAll("{revision}", "main");
  for (const file of files) {
    const url = new URL(posix.join(place, file), env.remoteHost);
    await orUpstreamError(pathOrId, file, () => download(url, join(folder, file)));
  }
  return folder;
}

/** Fetches a file unless it is there. It is in place only when it is whole. */
async function download(url: URL, path: string): Promise<void> {
  if (existsSync(path)) return;
  const response = await fetch(url);
  if (!response.ok || response.body === null) throw new Error(`${url} answers ${response.status}`);
  await mkdir(dirname(path), { recursive: true });
  const partial = ownDraft(path);
  dropStaleDrafts(path);
  try {
    // Opened before anything can fail: a stream that opens it by itself could still create it after it was taken away.
    const file = await open(partial, "w");
    await pipeline(Readable.fromWeb(response.body), file.createWriteStream());
    checkLength(url, partial, response.headers.get("content-length"));
    await rename(partial, path);
  } finally {
    rmSync(partial, { force: true });
  }
}

/** A connection that closes early need not be an error to the client. */
function checkLength(url: URL, path: string, announced: string | null): void {
  const { size } = statSync(path);
  if (announced !== null && size !== Number(announced))
    throw new Error(`${url} ended at ${size} of ${announced} bytes`);
}

async function orUpstreamError<T>(id: string, file: string, fetchIt: () => Promise<T>): Promise<T> {
  try {
    return await fetchIt();
  } catch (cause) {
    throw new UpstreamError(`${id}: ${file} cannot be fetched from the hub: ${(cause as Error).message}`, { cause });
  }
}
