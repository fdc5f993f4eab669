import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { dropStaleDrafts, ownDraft } from "../../src/own-draft.ts";

const folder = mkdtempSync(join(tmpdir(), "kdnas-drafts-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("dropStaleDrafts() removes what was left behind hours ago, and no draft that is young or another's", () => {
  const target = join(folder, "states");
  const hoursAgo = new Date(Date.now() - 2 * 3600 * 1000);
  mkdirSync(join(folder, "states.11.draft"));
  for (const name of ["states.12.draft", "states.13.draft.tmp", "other.11.draft", "states.safetensors"])
    writeFileSync(join(folder, name), "");
  for (const name of readdirSync(folder)) utimesSync(join(folder, name), hoursAgo, hoursAgo);
  writeFileSync(join(folder, "states.14.draft"), "");
  writeFileSync(ownDraft(target), "");
  dropStaleDrafts(target);
  const left = [`states.${process.pid}.draft`, "states.14.draft", "other.11.draft", "states.safetensors"];
  expect(readdirSync(folder).sort()).toEqual(left.sort());
});
