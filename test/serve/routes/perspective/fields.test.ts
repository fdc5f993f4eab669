import request from "supertest";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AnalyzeReply } from "../../../../serve/routes/perspective/shapes.ts";
import { startTestServer, type TestServer } from "../../../fixtures/test-server.ts";
import { addedTask } from "../../../fixtures/tiny-student.ts";

let server: TestServer;
beforeAll(async () => {
  const insult = { ...addedTask("insult", ["none", "insult"]), languages: ["de"] };
  server = await startTestServer([{ name: "able", declared: [insult] }], { bodyLimitBytes: 10_000 });
});
afterAll(() => server.end());

const comment = { text: "What a bad phone" };
async function analyze(body: object) {
  const response = await server.post("/v1alpha1/comments:analyze", body);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test("comments:analyze reads null as what is not set, as clients write it", async () => {
  const unset = { languages: null, clientToken: null, sessionId: null, spanAnnotations: null, doNotStore: null };
  const requestedAttributes = { TOXICITY: { scoreType: null, scoreThreshold: null } };
  const { status, body } = await analyze({ comment: { ...comment, type: null }, requestedAttributes, ...unset });
  expect(status).toBe(200);
  expect(Object.keys(AnalyzeReply.parse(body).attributeScores)).toEqual(["TOXICITY"]);
  const { error } = (await analyze({ comment: { text: null }, requestedAttributes })).body;
  expect(error).toMatchObject({ details: [{ errorType: "COMMENT_EMPTY" }] });
});

test("comments:analyze reads one language that is no list, and no attributes as none", async () => {
  const asked = { comment, requestedAttributes: { TOXICITY: {} }, languages: "en" };
  expect((await analyze(asked)).body).toMatchObject({ languages: ["en"] });
  const none = await analyze({ ...asked, requestedAttributes: null });
  expect(none.body).toMatchObject({ error: { details: [{ errorType: "NO_REQUESTED_ATTRIBUTES" }] } });
});

test("an unknown route below an imitated API gets an error of its shape, another a problem", async () => {
  const refusal = async (path: string) => (await request(server.url).get(path)).body;
  expect(await refusal("/v1alpha1/comments:other")).toMatchObject({ error: { code: 404, status: "NOT_FOUND" } });
  expect(await refusal("/v2/other")).toEqual({ error: "there is no such route" });
  expect(await refusal("/v1/other")).toMatchObject({ status: 404, type: "urn:kdnas:route-not-found" });
  expect(await refusal("/other")).toMatchObject({ status: 404, type: "urn:kdnas:route-not-found" });
});

test("comments:analyze leaves attributes out that do not support the language, where that is asked for", async () => {
  const asked = { comment, requestedAttributes: { TOXICITY: {}, INSULT: {} }, languages: ["en"] };
  expect((await analyze(asked)).status).toBe(400);
  const some = AnalyzeReply.parse((await analyze({ ...asked, dropUnsupportedAttributes: true })).body);
  expect([Object.keys(some.attributeScores), some.languages]).toEqual([["TOXICITY"], ["en"]]);
  const none = { ...asked, requestedAttributes: { INSULT: {} }, dropUnsupportedAttributes: true };
  expect((await analyze(none)).body).toMatchObject({ attributeScores: {}, languages: [] });
});

test("comments:analyze says of a body beyond the limit what Perspective says of a long comment", async () => {
  const { status, body } = await analyze({
    comment: { text: "a".repeat(20_000) },
    requestedAttributes: { TOXICITY: {} },
  });
  const details = [expect.objectContaining({ errorType: "COMMENT_TOO_LONG" })];
  expect([status, body]).toMatchObject([400, { error: { code: 400, status: "INVALID_ARGUMENT", details } }]);
});

test("GET /$discovery/rest names https where the first of several proxies was asked by it", async () => {
  const by = async (protocol: string) => {
    const asked = request(server.url).get("/$discovery/rest?version=v1alpha1").set("x-forwarded-proto", protocol);
    return (await asked).body.rootUrl.split(":")[0];
  };
  expect([await by("https, http"), await by("http, https"), await by("https")]).toEqual(["https", "http", "https"]);
});
