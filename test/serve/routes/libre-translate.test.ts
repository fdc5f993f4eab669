import request from "supertest";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../../fixtures/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer(undefined, { bodyLimitBytes: 1000 });
});
afterAll(() => server.end());

const http = () => request(server.url);
const text = "the phone is good";

test("POST /detect answers JSON and forms alike, the likeliest language first, in per cent", async () => {
  const [own] = (await http().post("/v1/translation/language").send({ inputs: text })).body.results;
  const json = await http().post("/detect").send({ q: text });
  const form = await http().post("/detect").type("form").send({ q: text, api_key: "" });
  const jsonCalledForm = await http()
    .post("/detect")
    .type("form")
    .send(JSON.stringify({ q: text }));
  expect(json.status).toBe(200);
  expect(json.body[0]).toEqual({ language: own.label, confidence: 100 * own.score });
  expect(json.body).toHaveLength(5);
  expect(form.body).toEqual(json.body);
  expect(jsonCalledForm.body).toEqual(json.body);
});

test("GET /languages names what is detected, and no target: nothing is translated", async () => {
  const { body } = await http().get("/languages");
  expect(body.map(({ code }: { code: string }) => code)).toEqual(["de", "en", "es", "fr", "ja", "pt", "zh"]);
  expect(body[0]).toEqual({ code: "de", name: "German", targets: [] });
});

test("GET /health says ok, and while no text can be answered why not, in LibreTranslate's shape", async () => {
  const { status, body } = await http().get("/health");
  expect([status, body]).toEqual([200, { status: "ok" }]);
  const empty = await startTestServer([], { workers: 1 });
  const refused = await request(empty.url).get("/health");
  expect([refused.status, refused.body]).toEqual([503, { error: "no student is loaded" }]);
  await empty.end();
});

test.each([
  ["no text", { q: "" }, 400, "Invalid request: missing q parameter"],
  ["no q", { text: "secret" }, 400, "Invalid request: missing q parameter"],
  ["too long a text", { q: "secret".repeat(1000) }, 413, "a body may have 1000 bytes"],
])("errors are LibreTranslate's: %s", async (_, body, status, error) => {
  const response = await http().post("/detect").send(body);
  expect([response.status, response.body]).toEqual([status, { error }]);
});

test("multipart forms and other methods are refused in the same shape", async () => {
  const multipart = await http().post("/detect").field("q", text);
  expect([multipart.status, Object.keys(multipart.body)]).toEqual([415, ["error"]]);
  const get = await http().get("/detect");
  expect([get.status, Object.keys(get.body)]).toEqual([405, ["error"]]);
});
