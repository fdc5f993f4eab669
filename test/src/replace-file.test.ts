import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { replaceBy, replaceFile, replaceFileDurably } from "../../src/replace-file.ts";

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

test.each([replaceFile, replaceFileDurably])("%o leaves another process's draft of the file alone", (replace) => {
  const folder = join(root, `shared-${replace.name}`);
  mkdirSync(folder);
  const path = join(folder, "file");
  const others = `${path}.4711.draft`;
  writeFileSync(others, "half");
  replace(path, "whole");
  expect([readFileSync(path, "utf8"), readFileSync(others, "utf8")]).toEqual(["whole", "half"]);
});

test.each([replaceFile, replaceFileDurably])("%o removes the draft that a kill left hours ago", (replace) => {
  const folder = join(root, `killed-${replace.name}`);
  mkdirSync(folder);
  const path = join(folder, "file");
  const hoursAgo = new Date(Date.now() - 2 * 3600 * 1000);
  writeFileSync(`${path}.4711.draft`, "half");
  utimesSync(`${path}.4711.draft`, hoursAgo, hoursAgo);
  replace(path, "whole");
  expect(readdirSync(folder)).toEqual(["file"]);
});

test("replaceBy() puts its own in place when another process replaces the file amid it", () => {
  const [folder, script] = [join(root, "at-once"), join(root, "other.mjs")];
  mkdirSync(folder);
  const path = join(folder, "file");
  const source = JSON.stringify(new URL("../../src/replace-file.ts", import.meta.url));
  writeFileSync(script, `import { replaceFile } from ${source};\nreplaceFile(process.argv[2], "theirs");\n`);
  replaceBy(path, (draft) => {
    writeFileSync(draft, "ours");
    const { stderr } = spawnSync(process.execPath, ["--import", "tsx", script, path], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(readFileSync(path, "utf8")).toBe("theirs");
  });
  expect(readFileSync(path, "utf8")).toBe("ours");
  expect(readdirSync(folder)).toEqual(["file"]);
});
