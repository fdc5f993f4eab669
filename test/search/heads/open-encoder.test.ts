import { mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openEncoder } from "../../../search/heads/open-encoder.ts";
import { ownFault } from "../../../search/student/own-fault.ts";
import { BadFileError } from "../../../src/errors.ts";
import { readTokenizer } from "../../../src/text/read-tokenizer.ts";
import { writeTinyStudent } from "../../fixtures/tiny-student.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-encoder-"));
afterAll(() => rmSync(root, { recursive: true }));

test("openEncoder() says which graph is damaged, and that is no lack of memory", async () => {
  const folder = join(root, "tiny");
  writeTinyStudent(folder, { name: "tiny", layers: 0 });
  const tokenizer = readTokenizer(join(folder, "tokenizer.json"));
  await (await openEncoder(folder, { tokenizer, threads: 1 })).release();
  truncateSync(join(folder, "model.onnx"), 1000);
  const failed = await openEncoder(folder, { tokenizer, threads: 1 }).catch((cause: unknown) => cause);
  expect(failed).toBeInstanceOf(BadFileError);
  expect((failed as Error).message).toBe(`${join(folder, "model.onnx")}: not an ONNX graph`);
  expect(ownFault(failed)).toBeNull();
});
