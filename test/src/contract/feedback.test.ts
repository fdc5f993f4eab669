import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  currentFeedback,
  type FeedbackRecord,
  feedbackFileName,
  parseFeedback,
  readFeedback,
} from "../../../src/contract/feedback.ts";
import { must } from "../../../src/invariant.ts";

const header = { format: 1, salt: "0".repeat(32), created: "2026-01-31T12:00:00Z" };

function record(id: number, label: string): FeedbackRecord {
  const hex = String(id).padStart(24, "0");
  return { id: hex, at: "2026-01-31T12:00:00Z", task: "sentiment", texts: [`text ${id}`], label, key: null };
}

function fileOf(...lines: unknown[]): Buffer {
  const texts = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line)));
  return Buffer.from(texts.map((text) => `${text}\n`).join(""));
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "kdnas-feedback-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("parseFeedback() says where each line stands, and leaves out what is erased or was being written", () => {
  const kept = record(2, "ü");
  const content = Buffer.concat([fileOf(header, "   ", " erased but in part", kept), Buffer.from('{"id":"00')]);
  const { lines, halfErased, intactBytes } = parseFeedback("f", content);
  expect(lines.map((line) => line.record)).toEqual([kept]);
  const { offset, bytes } = must(lines[0]);
  expect(JSON.parse(content.toString("utf8", offset, offset + bytes))).toEqual(kept);
  expect(halfErased.map(({ offset: at, bytes: length }) => content.toString("utf8", at, at + length))).toEqual([
    " erased but in part",
  ]);
  expect(content.toString("utf8", intactBytes)).toBe('{"id":"00');
});

test("currentFeedback() lets the last word on an id stand", () => {
  const { lines } = parseFeedback(
    "f",
    fileOf(header, record(1, "negative"), record(2, "neutral"), record(1, "positive")),
  );
  expect(currentFeedback(lines)).toEqual([record(1, "positive"), record(2, "neutral")]);
});

test("parseFeedback() names the damaged line and quotes nothing of it", () => {
  const secret = "people's words";
  for (const damaged of [`{"texts": "${secret}`, { ...record(1, "a"), [secret]: 1 }, { ...record(1, "a"), score: 1 }])
    expect(() => parseFeedback("file", fileOf(header, damaged))).toThrow(/^file:2: damaged line: (?!.*people)/);
  expect(() => parseFeedback("file", fileOf({ ...header, format: 2 }))).toThrow(/^file:1: damaged line: format/);
});

test("readFeedback() reads a folder or a file, and says what is missing", () => {
  const folder = newFolder();
  expect(() => readFeedback(folder)).toThrow(/there is no feedback here/);
  writeFileSync(join(folder, feedbackFileName), fileOf(header, record(1, "negative")));
  expect(readFeedback(folder)).toEqual([record(1, "negative")]);
  expect(readFeedback(join(folder, feedbackFileName))).toHaveLength(1);
});

test("readFeedback() reads the last correction of an exported file also without a final newline", () => {
  const folder = mkdtempSync(join(tmpdir(), "kdnas-feedback-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "corrections.jsonl");
  writeFileSync(path, fileOf(record(1, "negative"), record(2, "neutral")).toString().trimEnd());
  expect(readFeedback(path)).toEqual([record(1, "negative"), record(2, "neutral")]);
  writeFileSync(path, `${fileOf(record(1, "negative"))}{"id": "torn`);
  expect(() => readFeedback(path)).toThrow(/corrections.jsonl:2: damaged line/);
});

test("readFeedback() reads what a server exported, which has no header, and names its damaged lines", () => {
  const path = join(newFolder(), "corrections.jsonl");
  writeFileSync(path, fileOf(record(1, "negative"), record(2, "neutral")));
  expect(readFeedback(path)).toEqual([record(1, "negative"), record(2, "neutral")]);
  writeFileSync(path, "");
  expect(readFeedback(path)).toEqual([]);
  writeFileSync(path, fileOf({ ...record(1, "a"), score: 1 }));
  expect(() => readFeedback(path)).toThrow(/corrections.jsonl:1: damaged line: .*a label or a score/);
});
