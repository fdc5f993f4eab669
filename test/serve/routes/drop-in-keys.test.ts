import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceClient } from "@huggingface/inference";
import OpenAI, { AuthenticationError } from "openai";
import request from "supertest";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createKey } from "../../../serve/security/key.ts";
import { writeKeyFile } from "../../../serve/security/key-file.ts";
import { startTestServer, type TestServer } from "../../fixtures/test-server.ts";

/** Each API's clients have their own place for the key, and each API its own way to refuse one. */
const root = mkdtempSync(join(tmpdir(), "kdnas-keys-"));
const keysFile = join(root, "keys.json");
const { secret, record } = createKey({ name: "web", scopes: ["infer"] });

let server: TestServer;
beforeAll(async () => {
  writeKeyFile(keysFile, [record]);
  server = await startTestServer([{ name: "only", layers: 0 }], { workers: 1, keysFile });
});
afterAll(async () => {
  await server.end();
  rmSync(root, { recursive: true, force: true });
});

const http = () => request(server.url);

test("the openai client shows it as a bearer token", async () => {
  const ask = (apiKey: string) =>
    new OpenAI({ baseURL: `${server.url}/v1`, apiKey, maxRetries: 0 }).moderations.create({ input: "good" });
  expect((await ask(secret)).results).toHaveLength(1);
  const refused = ask("wrong");
  await expect(refused).rejects.toBeInstanceOf(AuthenticationError);
  await expect(refused).rejects.toMatchObject({ code: "invalid_api_key" });
});

test("Perspective's clients show it in the address or in x-goog-api-key", async () => {
  const path = "/v1alpha1/comments:analyze";
  const body = { comment: { text: "good" }, requestedAttributes: { TOXICITY: {} } };
  expect((await http().post(`${path}?key=${secret}`).send(body)).status).toBe(200);
  expect((await http().post(path).set("x-goog-api-key", secret).send(body)).status).toBe(200);
  const refused = await http().post(`${path}?key=wrong`).send(body);
  expect([refused.status, refused.body.error.status]).toEqual([401, "UNAUTHENTICATED"]);
});

test("LibreTranslate's clients show it in the body, beside the text", async () => {
  expect((await http().post("/detect").type("form").send({ q: "good", api_key: secret })).status).toBe(200);
  expect((await http().post("/detect").send({ q: "good", api_key: secret })).status).toBe(200);
  expect((await http().post("/detect").set("x-api-key", secret).send({ q: "good" })).status).toBe(200);
  for (const body of [{ q: "good" }, { q: "good", api_key: "wrong" }, { api_key: 5 }, "no object"]) {
    const refused = await http().post("/detect").set("content-type", "application/json").send(JSON.stringify(body));
    expect([refused.status, Object.keys(refused.body)]).toEqual([403, ["error"]]);
  }
  // What cannot be read has no key either: it counts as a request without one.
  const unreadable = await http().post("/detect").set("content-type", "application/json").send('{"q": ');
  expect([unreadable.status, Object.keys(unreadable.body)]).toEqual([403, ["error"]]);
  expect((await http().get("/health")).status).toBe(200);
});

test("Hugging Face's client shows it as a bearer token", async () => {
  const ask = (token: string) =>
    new InferenceClient(token, { endpointUrl: `${server.url}/models/sentiment` }).textClassification({
      inputs: "good",
    });
  expect(await ask(secret)).toHaveLength(3);
  await expect(ask("wrong")).rejects.toMatchObject({ httpResponse: { status: 401 } });
});

test("probes of the Open Inference Protocol ask for none, its models do", async () => {
  expect((await http().get("/v2/health/ready")).status).toBe(200);
  expect((await http().get("/v2/models/sentiment")).status).toBe(401);
  expect((await http().get("/v2/models/sentiment").set("authorization", `Bearer ${secret}`)).status).toBe(200);
});
