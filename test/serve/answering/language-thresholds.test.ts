import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Manifest } from "../../../src/contract/manifest.ts";
import { must } from "../../../src/invariant.ts";
import { startTestServer, type TestServer } from "../../fixtures/test-server.ts";

const texts = [
  "the phone is good",
  "no",
  "I love this movie and the food was great",
  "a b c d",
  "what a bad day it was",
];
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer(
    [
      { name: "layered", layers: 1 },
      { name: "static", layers: 0 },
    ],
    { pollSeconds: 3600 },
  );
});
afterAll(() => server.end());

interface Result {
  readonly label: string;
  readonly scores: Readonly<Record<string, number>>;
}

async function ask(path: string, student: string, inputs: string[]): Promise<Result[]> {
  const response = await server.post(path, { inputs, student });
  return ((await response.json()) as { results: Result[] }).results;
}

/** Gives the filter of a student thresholds, and loads it anew. */
async function decideBy(student: string, threshold: number, languageThresholds: Record<string, number>): Promise<void> {
  const path = join(server.folder(student), "manifest.json");
  const manifest = JSON.parse(readFileSync(path, "utf8")) as Manifest;
  const tasks = manifest.tasks.map((task) =>
    task.name === "filter" ? { ...task, threshold, languageThresholds } : task,
  );
  writeFileSync(path, JSON.stringify({ ...manifest, tasks }));
  await server.app.registry.scan();
}

test.each(["layered", "static"])(
  "a text is judged by the threshold of the language that %s sees in it",
  async (student) => {
    const seen = (await ask("/v1/translation/language", student, texts)).map(({ label }) => label);
    const before = await ask("/v1/filter", student, texts);
    const code = must(seen[0]);
    for (const [own, others] of [
      [0, 1],
      [1, 0],
    ] as const) {
      await decideBy(student, others, { [code]: own });
      const after = await ask("/v1/filter", student, texts);
      after.forEach(({ label, scores }, i) => {
        const threshold = seen[i] === code ? own : others;
        expect(label, texts[i]).toBe(threshold === 0 ? "toxic" : "acceptable");
        // Probabilities are what they were: only the decision moves.
        expect(scores.toxic).toBeCloseTo(must(before[i]?.scores.toxic), 1);
      });
    }
    expect(seen.some((other) => other !== code)).toBe(true);
  },
);

test("GET /v1/students shows them", async () => {
  await decideBy("static", 0.5, { vi: 0.6 });
  const shown = (await (await fetch(`${server.url}/v1/students`)).json()) as { students: Manifest[] };
  const tasks = must(shown.students.find(({ name }) => name === "static")).tasks;
  expect(must(tasks.find(({ name }) => name === "filter"))).toMatchObject({
    threshold: 0.5,
    languageThresholds: { vi: 0.6 },
  });
});
