import { expect, test } from "vitest";
import { createKey, findKey, toKnownKeys } from "../../../serve/security/key.ts";

const options = { name: "web", scopes: ["infer" as const] };

test("createKey() makes a key of 256 bits whose record holds its hash and not the key", () => {
  const { secret, record } = createKey(options);
  expect(secret).toMatch(/^kdnas_[0-9a-f]{12}_[\w-]{43}$/);
  expect(JSON.stringify(record)).not.toContain(secret.slice(-43));
  expect(createKey(options).secret).not.toBe(secret);
});

test("findKey() finds the key, and neither another secret of its id, nor its start, nor anything else", () => {
  const { secret, record } = createKey(options);
  const keys = toKnownKeys([record, createKey(options).record]);
  expect(findKey(keys, secret)).toBe(record);
  const forged = `${secret.slice(0, -1)}${secret.endsWith("A") ? "B" : "A"}`;
  for (const wrong of [
    forged,
    secret.slice(0, -1),
    `${secret}A`,
    createKey(options).secret,
    record.sha256,
    "",
    "__proto__",
  ])
    expect(findKey(keys, wrong)).toBeUndefined();
});

test("findKey() refuses a key that has expired", () => {
  const { secret, record } = createKey({ ...options, expires: new Date(Date.now() - 1000).toISOString() });
  expect(findKey(toKnownKeys([record]), secret)).toBeUndefined();
});
