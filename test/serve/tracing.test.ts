import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../fixtures/test-server.ts";

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly parentSpanId?: string;
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[];
}

let server: TestServer | undefined;
afterEach(() => server?.end());

/** A collector that takes OTLP over HTTP and keeps what came. */
async function startCollector() {
  const bodies: string[] = [];
  const collector = createServer(async (req, res) => {
    let body = "";
    for await (const chunk of req) body += chunk;
    bodies.push(`${req.url} ${body}`);
    res.setHeader("content-type", "application/json").end("{}");
  }).listen(0, "127.0.0.1");
  await once(collector, "listening");
  const { port } = collector.address() as AddressInfo;
  return { bodies, url: `http://127.0.0.1:${port}`, close: () => collector.close() };
}

test("a span of every request goes to the collector, below its caller's, without its text", async () => {
  const collector = await startCollector();
  server = await startTestServer([{ name: "only", layers: 0 }], { workers: 1, otlpEndpoint: collector.url });
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  await server.post("/v1/sentiment", { inputs: "secret words" }, { traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
  await server.post("/v1/sentiment", { inputs: "secret words" }, { traceparent: `00-${traceId}-00f067aa0ba902b8-00` });
  await server.drain(0);
  collector.close();
  const sent = collector.bodies.join("\n");
  expect(sent).toMatch(/^\/v1\/traces /);
  expect(sent).not.toContain("secret");
  const [span, ...more] = spansOf(collector.bodies);
  expect(more).toEqual([]);
  expect(span).toMatchObject({ name: "POST /v1/sentiment", traceId, parentSpanId: "00f067aa0ba902b7" });
  const attributes = Object.fromEntries(span?.attributes.map(({ key, value }) => [key, Object.values(value)[0]]) ?? []);
  expect(attributes).toMatchObject({
    "http.route": "/v1/sentiment",
    "http.response.status_code": 200,
    "kdnas.infer_ms": expect.any(Number),
    "kdnas.request_id": expect.any(String),
  });
});

test("a collector that is not there neither stops the server nor its end", async () => {
  server = await startTestServer([{ name: "only", layers: 0 }], { workers: 1, otlpEndpoint: "http://127.0.0.1:9" });
  expect((await server.post("/v1/sentiment", { inputs: "good" })).status).toBe(200);
  expect(await server.drain(0)).toBe(true);
});

function spansOf(bodies: readonly string[]): Span[] {
  return bodies.flatMap((body) =>
    JSON.parse(body.slice(body.indexOf(" "))).resourceSpans.flatMap((resource: { scopeSpans: { spans: Span[] }[] }) =>
      resource.scopeSpans.flatMap(({ spans }) => spans),
    ),
  );
}
