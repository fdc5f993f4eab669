import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import type { KeyRecord } from "./key-file.ts";

/**
 * A key is `kdnas_<id>_<secret>`: the id finds its record by one look into a map and is no secret, so only the hash of the
 * whole is compared, and that in constant time. The fixed start lets scanners of repositories find a leaked one.
 */
const pattern = /^kdnas_([0-9a-f]{12})_[\w-]{43}$/;

export interface NewKey {
  /** The key itself, which is kept nowhere. */
  readonly secret: string;
  readonly record: KeyRecord;
}

export function createKey(options: Pick<KeyRecord, "name" | "scopes" | "expires" | "requestsPerMinute">): NewKey {
  const id = randomBytes(6).toString("hex");
  const secret = `kdnas_${id}_${randomBytes(32).toString("base64url")}`;
  const sha256 = digestOf(secret).toString("hex");
  return { secret, record: { id, sha256, created: new Date().toISOString(), ...options } };
}

/** A record as it is looked up. */
export interface KnownKey {
  readonly record: KeyRecord;
  readonly digest: Buffer;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export type KnownKeys = ReadonlyMap<string, KnownKey>;

export function toKnownKeys(records: readonly KeyRecord[]): KnownKeys {
  return new Map(
    records.map((record) => [
      record.id,
      {
        record,
        digest: Buffer.from(record.sha256, "hex"),
        expiresAt: record.expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(record.expires),
      },
    ]),
  );
}

/** What an unknown id is compared with, so that it takes as long as a known one. */
const nobody = randomBytes(32);

export function findKey(keys: KnownKeys, secret: string): KeyRecord | undefined {
  const known = keys.get(pattern.exec(secret)?.[1] ?? "");
  const same = timingSafeEqual(digestOf(secret), known?.digest ?? nobody);
  return known !== undefined && same && Date.now() < known.expiresAt ? known.record : undefined;
}

function digestOf(secret: string): Buffer {
  return hash("sha256", secret, "buffer");
}
