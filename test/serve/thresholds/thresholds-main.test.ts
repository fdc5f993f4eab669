import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { listen } from "../../fixtures/listen.ts";
import { startTestServer, type TestServer } from "../../fixtures/test-server.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-thresholds-"));
const comments = join(root, "comments.jsonl");
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer([{ name: "only", layers: 0 }], { workers: 1 });
});
afterAll(async () => {
  await server.end();
  rmSync(root, { recursive: true, force: true });
});

function thresholds(lines: readonly unknown[], ...args: string[]) {
  writeFileSync(comments, `\uFEFF${lines.map((line) => `${JSON.stringify(line)}\n`).join("")}`);
  const main = fileURLToPath(new URL("../../../serve/thresholds/thresholds-main.ts", import.meta.url));
  const all = ["--import", "tsx", main, "--comments", comments, "--url", server.url, ...args];
  return new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, all, (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr }));
  });
}

test("npm run thresholds reports on labels and on former scores, whichever there are", async () => {
  const lines = Array.from({ length: 40 }, (_, i) => ({
    ...{ text: `good phone ${i}`, toxic: i % 4 === 0 },
    ...(i < 20 && { perspective: i / 20 }),
  }));
  const { code, stdout } = await thresholds(lines, "--was", "0.75");
  expect(stdout).toMatch(/^scores of only, version \w+\n/);
  expect(stdout).toContain("20 comments with a former score: 0.75 flagged 25.0 %");
  expect(stdout).toContain("40 labelled comments, 10 of them toxic");
  expect(stdout).toContain("best F1:");
  expect(code).toBe(0);
});

test("npm run thresholds tells a threshold that flags as many also among scores that two digits do not tell apart", async () => {
  const scored = (toxic: number) => ({ label: "toxic", score: toxic, scores: { acceptable: 1 - toxic, toxic } });
  const results = [0.9951, 0.9961, 0.9975].map(scored);
  const url = await pageOf({ student: "only", version: "1", results });
  const lines = [0.1, 0.9, 0.9].map((perspective) => ({ text: "good", perspective }));
  const { stdout } = await thresholds(lines, "--url", url);
  expect(stdout).toContain("0.8 flagged 66.7 %; 0.9957 flags as many here, and agrees on 100.0 % of the comments");
});

test("npm run thresholds --attribute fits an attribute of that name, by the task that answers it", async () => {
  const lines = [0.1, 0.9].map((perspective, i) => ({ text: `good ${i}`, perspective }));
  const scores = { none: 0.75, "identity-attack": 0.25 };
  const results = lines.map(() => ({ label: "none", score: 0.75, scores }));
  const paths: string[] = [];
  const url = await pageOf({ student: "able", version: "1", results }, paths);
  const { code, stdout } = await thresholds(lines, "--attribute", "IDENTITY_ATTACK", "--url", url);
  expect([code, stdout]).toEqual([0, expect.stringContaining("0.25 flags as many here")]);
  expect(paths).toEqual(["/v1/tasks/identity-attack"]);
  expect((await thresholds(lines, "--attribute", "a/b")).code).toBe(2);
});

test("npm run thresholds says what cannot be told of comments that are all alike", async () => {
  const tame = { text: "good", toxic: false, perspective: 0.1 };
  const { code, stdout } = await thresholds([tame, { ...tame, text: "fine" }]);
  expect([code, stdout.split("\n").slice(1)]).toEqual([
    0,
    [
      "2 comments with a former score, none of 0.8 or more: nothing to flag as many as",
      "2 labelled comments, 0 of them toxic",
      "precision and recall need toxic comments and others",
      "",
    ],
  ]);
});

test("npm run thresholds names the line that it cannot read, and not what is in it", async () => {
  const { code, stderr } = await thresholds([{ text: "good" }, { text: 5, toxic: "secret" }]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/comments\.jsonl:2: expected an object with a text/);
  expect(stderr).not.toContain("secret");
});

test("npm run thresholds says which file is not there", async () => {
  const { code, stderr } = await thresholds([], "--comments", join(root, "nowhere.jsonl"));
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error: .*nowhere\.jsonl: cannot be read: ENOENT/);
});

test("npm run thresholds --student asks that student, and says what the server has against it", async () => {
  const lines = [{ text: "good", toxic: false }];
  expect(await thresholds(lines, "--student", "only")).toMatchObject({ code: 0, stderr: "" });
  const { code, stderr } = await thresholds(lines, "--student", "other");
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^error: http\S+ answered 404: .*no student has/)]);
});

test("npm run thresholds shows the key of KDNAS_KEY where no flag gives one", async () => {
  const url = await pageOf((authorization: string | undefined) => ({ error: authorization }));
  const lines = [{ text: "good" }];
  process.env.KDNAS_KEY = "from-env";
  onTestFinished(() => {
    process.env.KDNAS_KEY = "";
  });
  expect((await thresholds(lines, "--url", url)).stderr).toContain("the server answered Bearer from-env");
  expect((await thresholds(lines, "--url", url, "--key", "own")).stderr).toContain("the server answered Bearer own");
});

test("npm run thresholds names all that answered, where a cascade asked several", async () => {
  const resultOf = (student?: string) => ({
    label: "toxic",
    score: 0.9,
    scores: { acceptable: 0.1, toxic: 0.9 },
    student,
  });
  const url = await pageOf({ student: "large", version: "1", results: [resultOf(), resultOf("small"), resultOf()] });
  const { stdout } = await thresholds([{ text: "good" }, { text: "bad" }, { text: "fine" }], "--url", url);
  expect(stdout).toBe("scores of large, version 1 and small\n");
});

test("npm run thresholds names the line of a comment that the server could not judge", async () => {
  const url = await pageOf({
    student: "only",
    version: "1",
    results: [{ label: "toxic", score: 0.9, scores: { acceptable: 0.1, toxic: 0.9 } }, { error: "too much" }],
  });
  const { code, stderr } = await thresholds([{ text: "good" }, { text: "bad" }], "--url", url);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/comments\.jsonl:2: the server answered too much\n$/)]);
});

test("npm run thresholds says that an address answers no scores", async () => {
  const { code, stderr } = await thresholds([{ text: "good" }], "--url", await pageOf("<!doctype html>"));
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^error: .*comments\.jsonl:1: http\S+ answered no scores/)]);
});

/** Another server than ours, at every address of which there is the same, or one result that is made of the request's key. */
async function pageOf(content: unknown, paths: string[] = []): Promise<string> {
  const page = await listen(({ headers, url }, response) => {
    paths.push(url ?? "");
    const reply =
      typeof content === "function"
        ? { student: "only", version: "1", results: [content(headers.authorization)] }
        : content;
    response.end(typeof reply === "string" ? reply : JSON.stringify(reply));
  });
  onTestFinished(page.close);
  return page.url;
}
