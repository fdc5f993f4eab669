import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { BadFileError, UpstreamError } from "../../src/errors.ts";

/** `model.safetensors` comes last, since it is the large one. */
const files = ["config.json", "tokenizer.json", "model.safetensors"];

interface HubModule {
  readonly env: { cacheDir: string | null };
  getModelFile(id: string, file: string, fatal: boolean, options: object, returnPath: boolean): Promise<string>;
}

/**
 * A teacher's folder: the path itself when there is one, else the files of a Hugging Face hub id (`owner/name`), fetched
 * into `cacheFolder` by the hub client of transformers.js. @throws {BadFileError} {UpstreamError}
 */
export async function fetchTeacher(pathOrId: string, cacheFolder: string): Promise<string> {
  if (existsSync(pathOrId)) return pathOrId;
  if (!/^[\w.-]+\/[\w.-]+$/.test(pathOrId)) throw new BadFileError(`${pathOrId}: there is no such teacher folder`);
  const hub = (await import("@xenova/transformers")) as unknown as HubModule;
  hub.env.cacheDir = cacheFolder;
  let path = "";
  for (const file of files) path = await fetchFile(hub, pathOrId, file);
  return dirname(path);
}

async function fetchFile(hub: HubModule, id: string, file: string): Promise<string> {
  try {
    return await hub.getModelFile(id, file, true, {}, true);
  } catch (cause) {
    throw new UpstreamError(`${id}: ${file} cannot be fetched from the hub: ${(cause as Error).message}`, { cause });
  }
}
