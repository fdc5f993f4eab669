import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Write } from "../../../serve/feedback/compact-feedback.ts";
import { type Correction, openFeedbackStore } from "../../../serve/feedback/feedback-store.ts";
import { eraseLines } from "../../../serve/feedback/open-feedback.ts";
import { StorageFullError } from "../../../serve/http/http-errors.ts";
import { FeedbackRecord, feedbackFileName, readFeedback } from "../../../src/contract/feedback.ts";
import { ConfigError } from "../../../src/errors.ts";

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "kdnas-feedback-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function opened(folder: string, options: { limitBytes?: number; write?: Write } = {}) {
  return await openFeedbackStore(folder, { limitBytes: 1_000_000, ...options });
}

function correction(text: string, label = "toxic", key: string | null = null): Correction {
  return { task: "filter", texts: [text], label, key };
}

const anybody = () => true;
const contentOf = (folder: string) => readFileSync(join(folder, feedbackFileName), "utf8");
const summary = (folder: string) => readFeedback(folder).map(({ texts, label }) => `${texts[0]}: ${label}`);

test("put() says the same id for the same text, task, key and label, and stores it once", async () => {
  const folder = newFolder();
  const store = await opened(folder);
  const puts = await Promise.all([1, 2, 3].map(() => store.put(correction("a"))));
  puts.push(await store.put(correction("a")));
  expect(new Set(puts.map(({ id }) => id)).size).toBe(1);
  expect(puts.map(({ outcome }) => outcome)).toEqual(["stored", "unchanged", "unchanged", "unchanged"]);
  const others = [await store.put(correction("a", "toxic", "k")), await store.put({ ...correction("a"), task: "t" })];
  expect(new Set([...puts, ...others].map(({ id }) => id)).size).toBe(3);
  await store.close();
  expect(readFeedback(folder)).toHaveLength(3);
});

test("put() of another verdict replaces the earlier, also after it was opened again", async () => {
  const folder = newFolder();
  const first = await opened(folder);
  await first.put(correction("a", "toxic"));
  await first.put(correction("b"));
  expect(await first.put(correction("a", "acceptable"))).toMatchObject({ outcome: "replaced" });
  await first.close();
  const second = await opened(folder);
  expect(await second.put(correction("a", "acceptable"))).toMatchObject({ outcome: "unchanged" });
  expect(await second.put(correction("a", "toxic"))).toMatchObject({ outcome: "replaced" });
  expect(second.count).toBe(2);
  await second.close();
  expect(summary(folder)).toEqual(["a: toxic", "b: toxic"]);
});

test("remove() erases all that was said of a text from the file, and nothing comes back", async () => {
  const folder = newFolder();
  const store = await opened(folder);
  await store.put(correction("secret", "toxic"));
  await store.put(correction("kept"));
  const { id } = await store.put(correction("secret", "acceptable"));
  expect(await store.remove(id, (key) => key === "another")).toBe(false);
  expect(await store.remove(id, anybody)).toBe(true);
  expect(await store.remove(id, anybody)).toBe(false);
  expect(contentOf(folder)).not.toContain("secret");
  await store.close();
  expect(summary(folder)).toEqual(["kept: toxic"]);
  const again = await opened(folder);
  expect(await again.put(correction("secret"))).toMatchObject({ id, outcome: "stored" });
  await again.close();
});

test("openFeedbackStore() ends an erasing that a kill interrupted, and takes back half a line", async () => {
  const folder = newFolder();
  const store = await opened(folder);
  await store.put(correction("secret"));
  await store.put(correction("kept"));
  await store.close();
  // As a kill between the two writes of an erasing leaves it, and one within the write of a line.
  writeFileSync(join(folder, feedbackFileName), contentOf(folder).replace(/\{(.*secret)/, " $1"));
  appendFileSync(join(folder, feedbackFileName), '{"id":"0123');
  const again = await opened(folder);
  expect(contentOf(folder)).not.toMatch(/secret|0123"?$/);
  await again.put(correction("new"));
  await again.close();
  expect(summary(folder)).toEqual(["kept: toxic", "new: toxic"]);
});

test("openFeedbackStore() begins anew where the header itself was cut off, and drops a draft", async () => {
  const folder = newFolder();
  writeFileSync(join(folder, feedbackFileName), '{"form');
  writeFileSync(join(folder, `${feedbackFileName}.draft`), "secret");
  const store = await opened(folder);
  await store.put(correction("a"));
  await store.close();
  expect(summary(folder)).toEqual(["a: toxic"]);
  expect(() => readFileSync(join(folder, `${feedbackFileName}.draft`))).toThrow();
});

test("openFeedbackStore() leaves out what no longer counts once it is most of the file", async () => {
  const folder = newFolder();
  const store = await opened(folder);
  const text = "long ".repeat(2000);
  const ids = await Promise.all(["a", "b", "c", "d", "e"].map((end) => store.put(correction(text + end))));
  for (const label of ["acceptable", "toxic", "acceptable"]) await store.put(correction(`${text}a`, label));
  for (const { id } of ids.slice(1, 4)) await store.remove(id, anybody);
  const before = contentOf(folder).length;
  await store.close();
  const again = await opened(folder);
  expect(contentOf(folder).length).toBeLessThan(before / 2);
  expect(again.count).toBe(2);
  expect(await again.put(correction(`${text}a`, "acceptable"))).toMatchObject({ outcome: "unchanged" });
  await again.close();
  expect(readFeedback(folder).map(({ label }) => label)).toEqual(["acceptable", "toxic"]);
});

/** Room for three of them. */
const limitBytes = 2000;
const long = (end: string) => correction(`${"x".repeat(500)}${end}`);
const endsOf = (folder: string) => readFeedback(folder).map(({ texts }) => texts[0]?.at(-1));

test("openFeedbackStore() makes room of what was erased where the file is nearly full", async () => {
  const folder = newFolder();
  const store = await opened(folder, { limitBytes });
  const puts = [await store.put(long("a")), await store.put(long("b")), await store.put(long("c"))];
  await store.remove(puts[1]?.id ?? "", anybody);
  const before = contentOf(folder).length;
  await store.close();
  const again = await opened(folder, { limitBytes });
  expect(contentOf(folder).length).toBeLessThan(before - 500);
  expect(await again.put(long("d"))).toMatchObject({ outcome: "stored" });
  await again.close();
  const last = await opened(folder, { limitBytes });
  expect(last.count).toBe(3);
  await last.close();
  expect(endsOf(folder)).toEqual(["a", "c", "d"]);
});

test("put() at its limit makes room of what was replaced, and forgets nothing that counts", async () => {
  const folder = newFolder();
  const store = await opened(folder, { limitBytes });
  const { id } = await store.put(correction("first"));
  for (let i = 0; i < 50; i++) await store.put(correction("toggled", i % 2 === 0 ? "toxic" : "acceptable"));
  expect(contentOf(folder).length).toBeLessThanOrEqual(limitBytes);
  expect(summary(folder)).toEqual(["first: toxic", "toggled: acceptable"]);
  // The store knows where lines have gone to.
  expect(await store.remove(id, anybody)).toBe(true);
  await store.close();
  expect(summary(folder)).toEqual(["toggled: acceptable"]);
  const again = await opened(folder, { limitBytes });
  expect(await again.put(correction("toggled", "acceptable"))).toMatchObject({ outcome: "unchanged" });
  await again.close();
});

test("put() at its limit makes room of what was erased, while an export goes on", async () => {
  const folder = newFolder();
  const store = await opened(folder, { limitBytes });
  const puts = [await store.put(long("a")), await store.put(long("b")), await store.put(long("c"))];
  const exported = store.export();
  const lines = [(await exported.next()).value as Buffer];
  await store.remove(puts[1]?.id ?? "", anybody);
  expect(await store.put(long("d"))).toMatchObject({ outcome: "stored" });
  for await (const line of exported) lines.push(line);
  // What came after its beginning is not in it.
  const ends = lines.map((line) => FeedbackRecord.parse(JSON.parse(line.toString())).texts[0]?.at(-1));
  expect(ends).toEqual(["a", "c"]);
  await store.close();
  expect(endsOf(folder)).toEqual(["a", "c", "d"]);
});

test("put() at its limit acknowledges of many at once those alone that are in the file", async () => {
  const folder = newFolder();
  const store = await opened(folder, { limitBytes });
  await store.put(long("a"));
  const erased = await store.put(long("b"));
  await store.remove(erased.id, anybody);
  // Before room is made the small one fits and the large one does not, then it is the other way round.
  const large = correction(`${"x".repeat(1100)}c`);
  const small = correction("small d");
  const puts = [large, small, small].map((one) => store.put(one));
  const [first, ...others] = await Promise.allSettled(puts);
  expect(first).toMatchObject({ status: "fulfilled", value: { outcome: "stored" } });
  for (const { status, reason } of others as PromiseRejectedResult[])
    expect([status, reason?.constructor]).toEqual(["rejected", StorageFullError]);
  expect(contentOf(folder).length).toBeLessThanOrEqual(limitBytes);
  expect(endsOf(folder)).toEqual(["a", "c"]);
  expect(store.count).toBe(2);
  await store.remove((await puts[0])?.id ?? "", anybody);
  expect(await store.put(small)).toMatchObject({ outcome: "stored" });
  await store.close();
  expect(endsOf(folder)).toEqual(["a", "d"]);
});

test("put() at its limit leaves the file as it is where the disk has no room for a second one", async () => {
  const folder = newFolder();
  let full = false;
  const write: Write = async (handle, bytes, position) => {
    const part = full ? bytes.subarray(0, 20) : bytes;
    return (await handle.write(part, 0, part.length, position)).bytesWritten;
  };
  const store = await opened(folder, { limitBytes, write });
  const puts = [await store.put(long("a")), await store.put(long("b")), await store.put(long("c"))];
  await store.remove(puts[1]?.id ?? "", anybody);
  const before = contentOf(folder);
  full = true;
  await expect(store.put(long("d"))).rejects.toThrow(StorageFullError);
  expect(contentOf(folder)).toBe(before);
  expect(readdirSync(folder)).not.toContain(`${feedbackFileName}.draft`);
  expect(await store.remove(puts[0]?.id ?? "", anybody)).toBe(true);
  await store.close();
  expect(endsOf(folder)).toEqual(["c"]);
});

test("eraseLines() leaves at no sync a file in which an earlier line counts again, and needs three for any number", async () => {
  const path = join(newFolder(), "lines");
  writeFileSync(path, "{first}\n{kept}\n{second}\n{last}\n");
  const handle = await open(path, "r+");
  const synced: string[] = [];
  const datasync = handle.datasync.bind(handle);
  handle.datasync = async () => {
    synced.push(readFileSync(path, "utf8"));
    await datasync();
  };
  const spans = [
    { offset: 0, bytes: 7 },
    { offset: 15, bytes: 8 },
    { offset: 24, bytes: 6 },
  ];
  await eraseLines(handle, spans);
  await handle.close();
  const [first, second, last] = spans.map(({ bytes }) => " ".repeat(bytes));
  expect(synced).toEqual([
    " first}\n{kept}\n second}\n{last}\n",
    " first}\n{kept}\n second}\n last}\n",
    `${first}\n{kept}\n${second}\n${last}\n`,
  ]);
});

test("put() refuses what does not fit its limit, and stores what does", async () => {
  const folder = newFolder();
  const store = await opened(folder, { limitBytes: 600 });
  const outcomes = await Promise.allSettled([
    store.put(correction("x".repeat(900))),
    store.put(correction("short")),
    store.put(correction("y".repeat(900))),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected"]);
  expect((outcomes[0] as PromiseRejectedResult).reason).toBeInstanceOf(StorageFullError);
  await store.close();
  expect(summary(folder)).toEqual(["short: toxic"]);
});

test.each(["in part", "by an error"])("put() stores nothing of it when the disk is full, told %s", async (how) => {
  const folder = newFolder();
  let full = true;
  const write: Write = async (handle, bytes, position) => {
    const part = full ? bytes.subarray(0, 20) : bytes;
    await handle.write(part, 0, part.length, position);
    if (full && how === "by an error") throw Object.assign(new Error("no space"), { code: "ENOSPC" });
    return part.length;
  };
  const store = await opened(folder, { write });
  const before = contentOf(folder);
  const refused = await Promise.allSettled([store.put(correction("a")), store.put(correction("b"))]);
  for (const { status, reason } of refused as PromiseRejectedResult[])
    expect([status, reason.constructor]).toEqual(["rejected", StorageFullError]);
  expect(contentOf(folder)).toBe(before);
  full = false;
  expect(await store.put(correction("a"))).toMatchObject({ outcome: "stored" });
  await store.close();
  expect(summary(folder)).toEqual(["a: toxic"]);
});

test("openFeedbackStore() lets one process at a time into a folder, and leaves a damaged file as it is", async () => {
  const folder = newFolder();
  const store = await opened(folder);
  await expect(opened(folder)).rejects.toThrow(ConfigError);
  await store.close();
  writeFileSync(join(folder, feedbackFileName), `${contentOf(folder)}damaged\n`);
  const damaged = contentOf(folder);
  for (const _ of [1, 2]) await expect(opened(folder)).rejects.toThrow(/feedback\.jsonl:2: damaged line/);
  expect(contentOf(folder)).toBe(damaged);
});

test("put() of many at once shares writes", async () => {
  const folder = newFolder();
  let writes = 0;
  const write: Write = async (handle, bytes, position) => {
    writes++;
    return (await handle.write(bytes, 0, bytes.length, position)).bytesWritten;
  };
  const store = await opened(folder, { write });
  await Promise.all(Array.from({ length: 200 }, (_, i) => store.put(correction(`text ${i}`))));
  await store.close();
  expect(writes).toBeLessThan(4);
  expect(readFeedback(folder)).toHaveLength(200);
});
