import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env } from "@xenova/transformers";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../bench/server-process.ts";
import { fetchTeacher } from "../../../search/teacher/hub.ts";
import { readTeacher } from "../../../search/teacher/teacher.ts";
import { BadFileError, UpstreamError } from "../../../src/errors.ts";
import { listen, type Page } from "../../fixtures/listen.ts";
import { writeTinyTeacher } from "../../fixtures/tiny-teacher.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-hub-"));
const original = env.remoteHost;
const asked: string[] = [];
let server: Page;
/** Files that the hub does not have, and files whose connection breaks in the middle. */
let missing: string[] = [];
let broken: string[] = [];

/** A hub on this machine: `owner/name/resolve/main/file`. */
beforeAll(async () => {
  writeTinyTeacher(join(root, "hub", "tiny", "teacher"), { kind: "xlm-roberta", type: "F16" });
  server = await listen((request, response) => {
    const [id, file = ""] = (request.url ?? "").slice(1).split("/resolve/main/");
    asked.push(file);
    const path = join(root, "hub", id ?? "", file);
    if (missing.includes(file) || !existsSync(path)) return response.writeHead(404).end();
    const bytes = readFileSync(path);
    response.writeHead(200, { "content-length": bytes.length });
    if (!broken.includes(file)) return response.end(bytes);
    response.write(bytes.subarray(0, 100), () => response.destroy());
    return response;
  });
  env.remoteHost = `${server.url}/`;
});
afterEach(() => {
  [missing, broken] = [[], []];
  asked.length = 0;
});
afterAll(async () => {
  env.remoteHost = original;
  await server.close();
  rmSync(root, { recursive: true });
});

test("fetchTeacher() brings a hub id into the cache once, and what it brings is a teacher", async () => {
  const cache = join(root, "cache");
  const folder = await fetchTeacher("tiny/teacher", cache);
  expect(folder).toBe(join(cache, "tiny", "teacher"));
  expect(readdirSync(folder).sort()).toEqual(["config.json", "model.safetensors", "tokenizer.json"]);
  expect(readTeacher(folder).architecture.layers).toBe(3);
  const count = asked.length;
  expect(await fetchTeacher("tiny/teacher", cache)).toBe(folder);
  expect(asked).toHaveLength(count);
});

test("fetchTeacher() takes a folder as it is", async () => {
  const folder = join(root, "hub", "tiny", "teacher");
  expect(await fetchTeacher(folder, join(root, "unused"))).toBe(folder);
  expect(asked).toEqual([]);
});

test("fetchTeacher() refuses what is neither a folder nor an id", async () => {
  await expect(fetchTeacher("no/such/folder", root)).rejects.toThrow(BadFileError);
});

test.each(["config.json", "tokenizer.json", "model.safetensors"])(
  "fetchTeacher() names %s when the hub does not have it",
  async (file) => {
    missing = [file];
    const call = fetchTeacher("tiny/teacher", join(root, `without-${file}`));
    await expect(call).rejects.toThrow(UpstreamError);
    await expect(call).rejects.toThrow(`tiny/teacher: ${file} cannot be fetched`);
  },
);

test("fetchTeacher() leaves no part of a file whose connection broke, and gets the rest the next time", async () => {
  const cache = join(root, "breaking");
  broken = ["model.safetensors"];
  await expect(fetchTeacher("tiny/teacher", cache)).rejects.toThrow(UpstreamError);
  expect(readdirSync(join(cache, "tiny", "teacher")).sort()).toEqual(["config.json", "tokenizer.json"]);
  broken = [];
  asked.length = 0;
  expect(readTeacher(await fetchTeacher("tiny/teacher", cache)).positions).toBe(24);
  expect(asked).toEqual(["model.safetensors"]);
});

test("fetchTeacher() says that the hub does not answer", async () => {
  const host = env.remoteHost;
  onTestFinished(() => {
    env.remoteHost = host;
  });
  env.remoteHost = `http://127.0.0.1:${await freePort()}/`;
  const call = fetchTeacher("tiny/teacher", join(root, "offline"));
  await expect(call).rejects.toThrow(UpstreamError);
  await expect(call).rejects.toMatchObject({ cause: { cause: { code: "ECONNREFUSED" } } });
});
