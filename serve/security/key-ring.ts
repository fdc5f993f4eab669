import { unwatchFile, watchFile } from "node:fs";
import type { Log } from "../log.ts";
import { findKey, type KnownKeys, toKnownKeys } from "./key.ts";
import { type KeyRecord, readKeyFile } from "./key-file.ts";

/** The keys that are good now. */
export interface KeyRing {
  find(secret: string): KeyRecord | undefined;
  close(): void;
}

/**
 * Reads the file, and again whenever it changes. A file that is damaged or gone leaves the keys as they were: a slip of an
 * editor must neither open the server nor close it to everyone.
 * @throws {BadFileError} when it cannot be read the first time.
 */
export function openKeyRing(path: string, pollSeconds: number, log: Log): KeyRing {
  let keys: KnownKeys = toKnownKeys(readKeyFile(path));
  // Looks at the path instead of watching its inode: secrets that are mounted change by a swapped link.
  const reread = () => {
    try {
      keys = toKnownKeys(readKeyFile(path));
      log.info(`keys read again: ${keys.size} of them`);
    } catch (cause) {
      log.error(`the key file cannot be read, the keys stay as they were: ${(cause as Error).message}`);
    }
  };
  watchFile(path, { persistent: false, interval: pollSeconds * 1000 }, reread);
  return { find: (secret) => findKey(keys, secret), close: () => unwatchFile(path, reread) };
}
