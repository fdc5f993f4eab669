import { readFileSync } from "node:fs";
import { z } from "zod";
import { BadFileError } from "../../src/errors.ts";
import { replaceFile } from "../../src/replace-file.ts";
import { scopes } from "./scope.ts";

/**
 * The file of the API keys: what is kept of each is the SHA-256 of the whole key, never the key. A key holds 256 random
 * bits, so that guessing is hopeless whatever the hash costs; a slow hash such as scrypt is for passwords, which people
 * choose, and would cost every request more than a student does.
 */
const KeyRecord = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{12}$/),
  name: z.string().min(1).max(100),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  scopes: z.array(z.enum(scopes)).min(1),
  created: z.iso.datetime(),
  /** From then on the key is refused. */
  expires: z.iso.datetime().optional(),
  /** In place of the server's own limit; 0 is none. */
  requestsPerMinute: z.int().min(0).optional(),
});
const KeyFile = z.strictObject({ keys: z.array(KeyRecord) });
export type KeyRecord = Readonly<z.infer<typeof KeyRecord>>;

/** @throws {BadFileError} when it is missing, or anything but a file of keys. */
export function readKeyFile(path: string): readonly KeyRecord[] {
  try {
    return KeyFile.parse(JSON.parse(readFileSync(path, "utf8"))).keys;
  } catch (cause) {
    throw new BadFileError(`${path}: ${reasonOf(cause)}`, { cause });
  }
}

/** The server never reads half of it. Only its owner may read it. */
export function writeKeyFile(path: string, keys: readonly KeyRecord[]): void {
  replaceFile(path, `${JSON.stringify({ keys }, null, 2)}\n`, 0o600);
}

function reasonOf(cause: unknown): string {
  if (cause instanceof z.ZodError)
    return cause.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
  if (cause instanceof SyntaxError) return "it is not JSON";
  return (cause as Error).message;
}
