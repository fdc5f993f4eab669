import { delimiter } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { dataFolders } from "../../bench/data-folders.ts";
import { ConfigError } from "../../src/errors.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("dataFolders() divides KDNAS_DATA as PATH is, which folders that are given replace", () => {
  vi.stubEnv("KDNAS_DATA", ["a", "b"].join(delimiter));
  expect(dataFolders(undefined)).toEqual(["a", "b"]);
  expect(dataFolders(["c", "-d"])).toEqual(["c", "-d"]);
});

test("dataFolders() has none without either, and refuses a ~ that the shell has left", () => {
  vi.stubEnv("KDNAS_DATA", "");
  expect(dataFolders(undefined)).toEqual([]);
  expect(() => dataFolders(["~/data"])).toThrow(ConfigError);
});
