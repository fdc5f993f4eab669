import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Perspective from "perspective-api-client";
import request from "supertest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AnalyzeReply, googleErrors } from "../../../../serve/routes/perspective/shapes.ts";
import { readFeedback } from "../../../../src/contract/feedback.ts";
import { startTestServer, type TestServer } from "../../../fixtures/test-server.ts";
import { addedTask } from "../../../fixtures/tiny-student.ts";

/** The client has Google's address written into it, so its axios is told to go elsewhere. */
interface Axios {
  interceptors: { request: { use(change: (config: { url: string }) => object): number } };
}
const axios = createRequire(createRequire(import.meta.url).resolve("perspective-api-client"))("axios") as Axios;

let server: TestServer;
const client = new Perspective({ apiKey: "none is asked for" });
beforeAll(async () => {
  server = await startTestServer(undefined, { maxItems: 4 });
  axios.interceptors.request.use((config) => ({
    ...config,
    url: config.url.replace("https://commentanalyzer.googleapis.com", server.url),
  }));
});
afterAll(() => server.end());

const http = () => request(server.url);

async function analyze(resource: object) {
  const reply = AnalyzeReply.parse(await client.analyze(resource));
  return { ...reply, toxicity: reply.attributeScores.TOXICITY };
}

/** The body of a refusal, from which the client only takes the message. */
async function refusalOf(resource: object) {
  const response = await server.post("/v1alpha1/comments:analyze", resource);
  const body = googleErrors.schema.parse(await response.json()) as {
    error: { code: number; message: string; status: string; details?: Record<string, unknown>[] };
  };
  expect(body.error.code).toBe(response.status);
  return { ...body.error, detail: body.error.details?.[0] };
}

const comment = { text: "What a bad phone" };
const requestedAttributes = { TOXICITY: {} };

describe("comments:analyze, asked by perspective-api-client", () => {
  test("a text gets the filter's probability, as a whole and as its only span", async () => {
    const reply = AnalyzeReply.parse(await client.analyze(comment.text));
    const [own] = (await http().post("/v1/filter").send({ inputs: comment.text })).body.results;
    const { summaryScore, spanScores } = reply.attributeScores.TOXICITY ?? {};
    expect(summaryScore?.value).toBeCloseTo(own.scores.toxic, 5);
    expect(spanScores).toEqual([{ begin: 0, end: comment.text.length, score: summaryScore }]);
    expect(reply.languages).toEqual(reply.detectedLanguages);
  });

  test("spanAnnotations score each sentence, at its place in the text", async () => {
    const text = "What a day.  I love this phone! ";
    const { toxicity } = await analyze({ comment: { text }, requestedAttributes, spanAnnotations: true });
    const sentences = toxicity?.spanScores.map(({ begin, end }) => text.slice(begin, end));
    expect(sentences).toEqual(["What a day.", "I love this phone!"]);
    const alone = await analyze({ comment: { text: "What a day." }, requestedAttributes });
    expect(toxicity?.spanScores[0]?.score.value).toBeCloseTo(alone.toxicity?.summaryScore.value as number, 5);
  });

  test("scoreThreshold leaves lower scores out", async () => {
    const high = await analyze({ comment, requestedAttributes: { TOXICITY: { scoreThreshold: 1 } } });
    const low = await analyze({ comment, requestedAttributes: { TOXICITY: { scoreThreshold: 0.001 } } });
    expect(high.attributeScores).toEqual({});
    expect(low.toxicity?.summaryScore.value).toBeGreaterThan(0.001);
  });

  test("clientToken comes back, and languages are those asked for that are supported", async () => {
    const reply = await analyze({ comment, requestedAttributes, clientToken: "t 1", languages: ["pt-BR", "sw"] });
    expect(reply).toMatchObject({ clientToken: "t 1", languages: ["pt-BR"] });
    expect(reply.detectedLanguages).toHaveLength(1);
  });

  test("a cut comment says so", async () => {
    expect(await analyze({ comment: { text: "word ".repeat(500) }, requestedAttributes })).toMatchObject({
      truncated: true,
    });
  });

  test("an attribute that no student covers is refused by its name, never scored", async () => {
    const refused = client.analyze(comment.text, { attributes: ["TOXICITY", "SEVERE_TOXICITY"] });
    await expect(refused).rejects.toMatchObject({
      name: "ResponseError",
      message: expect.stringMatching(/^Unknown requested attribute: SEVERE_TOXICITY/),
      response: { status: 400, data: { error: { status: "INVALID_ARGUMENT" } } },
    });
  });
});

describe("attributes beside toxicity", () => {
  const labelled = {
    insult: ["none", "insult"],
    "identity-attack": ["none", "identity-attack"],
    topic: ["a", "b", "c"],
  };
  const declared = Object.entries(labelled).map(([name, labels]) => addedTask(name, labels));
  let able: TestServer;
  beforeAll(async () => {
    able = await startTestServer([{ name: "able", declared }], { maxItems: 4 });
  });
  afterAll(() => able.end());
  const post = async (method: string, body: object) => (await able.post(`/v1alpha1/comments:${method}`, body)).json();

  test("an attribute is answered by the task of its name, as a whole and by sentence", async () => {
    const text = "You idiot. What a day.";
    const requested = { TOXICITY: {}, INSULT: {}, IDENTITY_ATTACK: { scoreThreshold: 1 } };
    const asked = { comment: { text }, requestedAttributes: requested, spanAnnotations: true, languages: ["en"] };
    const reply = AnalyzeReply.parse(await post("analyze", asked));
    expect(Object.keys(reply.attributeScores)).toEqual(["TOXICITY", "INSULT"]);
    const inputs = [text, "You idiot.", "What a day."];
    const own = (await (await able.post("/v1/tasks/insult", { inputs })).json()) as {
      results: { scores: { insult: number } }[];
    };
    const [whole, ...parts] = own.results.map(({ scores }) => scores.insult);
    const { summaryScore, spanScores } = reply.attributeScores.INSULT ?? {};
    expect(summaryScore?.value).toBeCloseTo(whole as number, 5);
    expect(spanScores?.map(({ score }) => score.value)).toEqual(parts.map((score) => expect.closeTo(score, 5)));
  });

  test("a task of a user's own may be called toxicity, or have numbers for labels", async () => {
    const declared = [addedTask("toxicity", ["none", "toxic"]), addedTask("odd", ["1", "0"])];
    const other = await startTestServer([{ name: "other", declared }]);
    const scoreOf = async (attribute: string) => {
      const asked = { comment, requestedAttributes: { [attribute]: {} }, languages: ["en"] };
      const reply = AnalyzeReply.parse(await (await other.post("/v1alpha1/comments:analyze", asked)).json());
      return reply.attributeScores[attribute]?.summaryScore.value;
    };
    const answer = async (route: string) => {
      const reply = (await (await other.post(route, { inputs: comment.text })).json()) as {
        results: { scores: Record<string, number> }[];
      };
      return reply.results[0]?.scores ?? {};
    };
    expect(await scoreOf("TOXICITY")).toBeCloseTo((await answer("/v1/filter")).toxic as number, 5);
    expect(await scoreOf("ODD")).toBeCloseTo((await answer("/v1/tasks/odd"))["0"] as number, 5);
    await other.end();
  });

  test("attributes that no one student has together are refused by name", async () => {
    const students = ["off-topic", "promotion"].map((name) => ({ name, declared: [addedTask(name, ["none", name])] }));
    const apart = await startTestServer(students);
    const asked = { comment, requestedAttributes: { OFF_TOPIC: {}, PROMOTION: {} } };
    const { error } = (await (await apart.post("/v1alpha1/comments:analyze", asked)).json()) as {
      error: { code: number; message: string };
    };
    expect([error.code, error.message]).toEqual([400, "No student answers OFF_TOPIC, PROMOTION together"]);
    await apart.end();
  });

  test("attributes may be asked for without toxicity", async () => {
    const reply = AnalyzeReply.parse(await post("analyze", { comment, requestedAttributes: { INSULT: {} } }));
    expect(Object.keys(reply.attributeScores)).toEqual(["INSULT"]);
    expect(reply.detectedLanguages).toHaveLength(1);
  });

  test("a task of more labels, and one that no student has, are refused, and those there are named", async () => {
    for (const name of ["TOPIC", "THREAT", "FILTER"]) {
      const { error } = (await post("analyze", { comment, requestedAttributes: { [name]: {} } })) as {
        error: { message: string };
      };
      expect(error.message).toBe(
        `Unknown requested attribute: ${name} (this server covers TOXICITY, INSULT, IDENTITY_ATTACK)`,
      );
    }
  });

  test("suggestscore stores a correction for each attribute", async () => {
    const feedback = mkdtempSync(join(tmpdir(), "kdnas-suggest-"));
    const keeping = await startTestServer([{ name: "able", declared }], { feedback });
    const attributeScores = { TOXICITY: { summaryScore: { value: 0.9 } }, INSULT: { summaryScore: { value: 0.2 } } };
    await keeping.post("/v1alpha1/comments:suggestscore", { comment, attributeScores });
    await keeping.end();
    expect(readFeedback(feedback).map(({ task, score }) => [task, score])).toEqual([
      ["filter", 0.9],
      ["insult", 0.2],
    ]);
    rmSync(feedback, { recursive: true });
  });
});

describe("errors of comments:analyze have Google's shape", () => {
  test("a language that the filter has not learned", async () => {
    const { message, detail } = await refusalOf({ comment, requestedAttributes, languages: ["sw", "hi-Latn"] });
    expect(message).toBe("Attribute TOXICITY does not support request languages: sw, hi-Latn");
    expect(detail).toMatchObject({
      errorType: "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
      languageNotSupportedByAttributeError: { attribute: "TOXICITY", requestedLanguages: ["sw", "hi-Latn"] },
    });
  });

  test("more languages than there may be", async () => {
    const refused = await refusalOf({ comment, requestedAttributes, languages: Array(201).fill("en") });
    expect(refused).toMatchObject({ code: 400, message: "languages: at most 200 of them" });
    const languages = Array<string>(200).fill("en");
    expect(await analyze({ comment, requestedAttributes, languages })).toMatchObject({ languages });
  });

  test.each([
    ["COMMENT_EMPTY", { comment: { text: " " }, requestedAttributes }],
    ["NO_REQUESTED_ATTRIBUTES", { comment }],
    ["LANGUAGE_DETECTION_FAILED", { comment: { text: "123 :-)" }, requestedAttributes }],
    ["COMMENT_TOO_LONG", { comment: { text: "A. ".repeat(4096) }, requestedAttributes, spanAnnotations: true }],
    ["INVALID_REQUEST", { comment: { ...comment, type: "HTML" }, requestedAttributes }],
    ["INVALID_REQUEST", { comment, requestedAttributes: { TOXICITY: { scoreType: "PERCENT" } } }],
    ["INVALID_REQUEST", { comment: "secret", requestedAttributes }],
  ])("%s", async (errorType, resource) => {
    const error = await refusalOf(resource);
    expect(error).toMatchObject({ code: 400, status: "INVALID_ARGUMENT", detail: { errorType } });
    expect(JSON.stringify(error)).not.toContain("secret");
  });

  test("another method", async () => {
    const { status, body } = await http().get("/v1alpha1/comments:analyze?key=k");
    expect([status, body.error.code]).toEqual([405, 405]);
  });
});

test("of a comment with more sentences than may be asked about, neighbours are scored together", async () => {
  const [text, requested] = ["A. B. C. D. E. F. G.", { comment: { text: "A. B. C." }, requestedAttributes }];
  const { toxicity } = await analyze({ comment: { text }, requestedAttributes, spanAnnotations: true });
  const spans = toxicity?.spanScores.map(({ begin, end }) => text.slice(begin, end));
  expect(spans).toEqual(["A. B. C.", "D. E. F.", "G."]);
  const alone = await analyze(requested);
  expect(toxicity?.spanScores[0]?.score.value).toBeCloseTo(alone.toxicity?.summaryScore.value as number, 5);
});

test("doNotStore keeps the text out of the replies that corrections may name", async () => {
  const feedback = mkdtempSync(join(tmpdir(), "kdnas-do-not-store-"));
  const keeping = await startTestServer([{ name: "only", layers: 0 }], { workers: 1, feedback });
  const correct = async (more: object) => {
    const asked = { comment, requestedAttributes, languages: ["en"], ...more };
    const { headers } = await keeping.post("/v1alpha1/comments:analyze", asked);
    const about = { reply: headers.get("x-request-id"), task: "filter", label: "toxic" };
    return (await keeping.post("/v1/feedback", about)).status;
  };
  expect([await correct({ doNotStore: true }), await correct({ doNotStore: false })]).toEqual([404, 200]);
  await keeping.end();
  rmSync(feedback, { recursive: true });
});

describe("comments:suggestscore", () => {
  const suggest = (body: object) => server.post("/v1alpha1/comments:suggestscore", body);

  test("says that nothing was stored", async () => {
    const response = await suggest({ comment, attributeScores: { TOXICITY: { summaryScore: { value: 0.9 } } } });
    expect(response.status).toBe(403);
    const message = "Feedback is not enabled on this server; nothing was stored.";
    expect(await response.json()).toEqual({ error: { code: 403, message, status: "PERMISSION_DENIED" } });
  });

  test.each([
    { comment },
    { comment, attributeScores: {} },
    { comment, attributeScores: { INSULT: { summaryScore: { value: 0.9 } } } },
    { comment, attributeScores: { TOXICITY: { summaryScore: { value: 90 } } } },
    { comment, attributeScores: { TOXICITY: { spanScores: [] } } },
    { comment: { text: "" }, attributeScores: { TOXICITY: { summaryScore: { value: 0.9 } } } },
  ])("tells a client's mistakes all the same: %j", async (body) => {
    expect((await suggest(body)).status).toBe(400);
  });

  test("stores what perspective-api-client would send where feedback is kept", async () => {
    const feedback = mkdtempSync(join(tmpdir(), "kdnas-suggest-"));
    const keeping = await startTestServer(undefined, { feedback });
    const response = await keeping.post("/v1alpha1/comments:suggestscore?key=none", {
      ...{ comment, clientToken: "t 1", languages: ["en"] },
      attributeScores: { TOXICITY: { summaryScore: { value: 0.9, type: "PROBABILITY" } } },
    });
    const told = { clientToken: "t 1", requestedLanguages: ["en"], detectedLanguages: [] };
    expect([response.status, await response.json()]).toEqual([200, told]);
    await keeping.end();
    expect(readFeedback(feedback)).toMatchObject([
      { task: "filter", texts: [comment.text], score: 0.9, language: "en" },
    ]);
    rmSync(feedback, { recursive: true });
  });
});

test("GET /$discovery/rest names the methods and the address that the client came by", async () => {
  const { body } = await http().get("/$discovery/rest?version=v1alpha1");
  expect(body.rootUrl).toBe(`${server.url}/`);
  expect(body.resources.comments.methods.analyze).toMatchObject({ path: "v1alpha1/comments:analyze" });
});
