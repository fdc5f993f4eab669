import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../../fixtures/test-server.ts";

const feedback = mkdtempSync(join(tmpdir(), "kdnas-starting-"));
/** As a server is between the opening of its socket and the loading of the first student. */
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer([], { workers: 1, feedback });
});
afterAll(async () => {
  await server.end();
  rmSync(feedback, { recursive: true, force: true });
});

const comment = { text: "good" };
const inputs = [{ name: "text", datatype: "BYTES", shape: [1], data: ["good"] }];

test.each([
  ["/v1/sentiment", { inputs: "good" }],
  ["/v1/tasks/insult", { inputs: "good" }],
  ["/v1/feedback", { task: "insult", text: "good", label: "insult" }],
  ["/predict", { inputs: ["good", "gut"] }],
  ["/v2/models/filter/versions/0123456789ab/infer", { inputs }],
  ["/v1alpha1/comments:analyze", { comment, requestedAttributes: { INSULT: {} } }],
  ["/v1alpha1/comments:suggestscore", { comment, attributeScores: { INSULT: { summaryScore: { value: 0.9 } } } }],
])("POST %s is to be tried again while no student is loaded", async (route, body) => {
  const { status, headers } = await server.post(route, body);
  expect([status, headers.get("retry-after")]).toEqual([503, "1"]);
});
