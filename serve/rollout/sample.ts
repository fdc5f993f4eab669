import { hash } from "node:crypto";

/**
 * Whether a share takes this key. The same key is always answered alike, by every server and after every restart, and what a
 * larger share takes holds what a smaller one took. Under another salt the draw is another.
 */
export function isSampled(salt: string, key: string, share: number): boolean {
  if (share >= 1) return true;
  const drawn = hash("sha1", `${salt} ${key}`, "hex").slice(0, 12);
  return Number.parseInt(drawn, 16) / 16 ** 12 < share;
}
