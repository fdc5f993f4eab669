import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hotRoutes } from "../../serve/routes/hot-routes.ts";
import { hostileText, megabytes } from "../fixtures/hostile-text.ts";
import { startTestServer, type TestServer } from "../fixtures/test-server.ts";

/** What must hold for whatever comes in, over real sockets; Schemathesis goes deeper with `npm run fuzz`. */
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer([{ name: "only", layers: 0 }], {
    workers: 1,
    bodyLimitBytes: 8_000_000,
    maxItems: 32,
  });
});
afterAll(() => server.end());

const send = (path: string, body: string | Uint8Array) =>
  fetch(`${server.url}${path}`, { method: "POST", body: body as string });
const paths = hotRoutes()
  .filter(({ method }) => method === "POST")
  .map(({ path }) => path.replace("{task}", "filter").replace(/\{\w+\}/g, "sentiment"));

describe("parsers", () => {
  test("any bytes get an answer or a refusal, never a 5xx, and a body of JSON", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), fc.uint8Array({ maxLength: 200 }), async (path, bytes) => {
        const reply = await send(path, bytes);
        expect(reply.status).toBeLessThan(500);
        await reply.json();
      }),
      { numRuns: 100 },
    );
  });

  test("any JSON gets an answer or a refusal, also where its fields are the right ones", async () => {
    const value = fc.oneof(fc.jsonValue({ maxDepth: 4 }), hostileText, fc.array(hostileText, { maxLength: 3 }));
    const fields = fc.constantFrom("inputs", "input", "q", "comment", "text", "student", "model", "latencyBudgetMs");
    const body = fc.oneof(value, fc.dictionary(fields, value, { maxKeys: 3 }));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), body, async (path, given) => {
        const reply = await send(path, JSON.stringify(given) ?? "");
        expect(reply.status).toBeLessThan(500);
        await reply.json();
      }),
      { numRuns: 200 },
    );
  });

  test.each([10, 1000, 100_000])("JSON that is %i levels deep is refused, and the server goes on", async (depth) => {
    const deep = `${"[".repeat(depth)}${"]".repeat(depth)}`;
    for (const body of [deep, `{"inputs": ${deep}}`, `{"inputs": ["good", ${deep}], "student": ${deep}}`])
      expect((await send("/v1/sentiment", body)).status).toBe(400);
    expect((await send("/v1/sentiment", '{"inputs": "good"}')).status).toBe(200);
  });
});

describe("batcher", () => {
  const probabilities = (scores: Record<string, number>) =>
    Object.values(scores).reduce((sum, score) => sum + score, 0);

  test("every text of any requests at once gets its own result, and nothing is left waiting", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(hostileText, { minLength: 1, maxLength: 12 }), { maxLength: 6 }),
        async (all) => {
          const replies = await Promise.all(all.map((inputs) => server.post("/v1/sentiment", { inputs })));
          for (const [i, reply] of replies.entries()) {
            expect(reply.status).toBe(200);
            const { results } = (await reply.json()) as { results: { scores: Record<string, number> }[] };
            expect(results).toHaveLength(all[i]?.length ?? 0);
            for (const { scores } of results) expect(probabilities(scores)).toBeCloseTo(1, 3);
          }
          expect(server.app.batcher.depth()).toBe(0);
        },
      ),
      { numRuns: 30 },
    );
  });

  test("texts of a megabyte are cut and answered, beside short ones", async () => {
    for (const text of megabytes) {
      const reply = await server.post("/v1/sentiment", { inputs: [text, "good"] });
      expect(reply.status).toBe(200);
      const { results } = (await reply.json()) as { results: { label?: string }[] };
      expect(results.every(({ label }) => label !== undefined)).toBe(true);
    }
  });
});
