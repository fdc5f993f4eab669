import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { replaceFile, replaceFileDurably } from "../../src/replace-file.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-replace-"));
afterAll(() => rmSync(root, { recursive: true }));

test.each([replaceFile, replaceFileDurably])(
  "%o puts the whole content in the place of the old, and leaves no draft",
  (replace) => {
    const path = join(root, replace.name, "file");
    mkdirSync(join(root, replace.name));
    for (const content of ["a longer first content", "ü"]) replace(path, content);
    expect(readFileSync(path, "utf8")).toBe("ü");
    expect(readdirSync(join(root, replace.name))).toEqual(["file"]);
  },
);

test.each([replaceFile, replaceFileDurably])("%o that fails leaves what was there and no draft", (replace) => {
  const folder = join(root, `full-${replace.name}`);
  mkdirSync(join(folder, "taken", "inside"), { recursive: true });
  expect(() => replace(join(folder, "taken"), "content")).toThrow(/EISDIR|ENOTEMPTY|EEXIST|EPERM/);
  expect(readdirSync(folder)).toEqual(["taken"]);
});
