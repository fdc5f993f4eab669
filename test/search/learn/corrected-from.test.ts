import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { correctedFrom } from "../../../search/learn/corrected-from.ts";
import { writeTinyStudent } from "../../fixtures/tiny-student.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-corrected-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("correctedFrom() goes back to the student that a served one was corrected from in the same run", () => {
  const run = join(root, "served");
  const student = (home: string, seed: number) => {
    const folder = join(run, home, "student");
    return { manifest: writeTinyStudent(folder, { name: "one", seed }), files: { folder, names: [] } };
  };
  const base = student("one-base", 1);
  const corrected = student(join("one-base", "corrected-123"), 2);
  // As it is taken up once it is served.
  cpSync(corrected.files.folder, join(run, "one-corrected", "student"), { recursive: true });
  const other = student("other", 3);
  const found = correctedFrom(corrected, run);
  expect(found.manifest).toEqual(base.manifest);
  expect(found.files.folder).toBe(base.files.folder);
  for (const own of [base, other]) expect(correctedFrom(own, run)).toBe(own);
});
