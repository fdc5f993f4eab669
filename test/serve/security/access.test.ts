import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import supertest from "supertest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readConfig } from "../../../serve/config.ts";
import { createLog } from "../../../serve/log.ts";
import { createKey } from "../../../serve/security/key.ts";
import { type KeyRecord, writeKeyFile } from "../../../serve/security/key-file.ts";
import type { Scope } from "../../../serve/security/scope.ts";
import { startServer } from "../../../serve/server.ts";
import { ConfigError } from "../../../src/errors.ts";
import { eventually, startTestServer, type TestServer } from "../../fixtures/test-server.ts";

const students = [{ name: "only", layers: 0 }] as const;
const root = mkdtempSync(join(tmpdir(), "kdnas-access-"));
const keysFile = join(root, "keys.json");
const make = (name: string, scopes: Exclude<Scope, null>[], more: Partial<KeyRecord> = {}) =>
  createKey({ name, scopes, ...more });
const keys = {
  infer: make("web", ["infer"]),
  metrics: make("prometheus", ["metrics"]),
  admin: make("ops", ["admin"]),
  few: make("few", ["infer"], { requestsPerMinute: 2 }),
};
const records = Object.values(keys).map(({ record }) => record);

let server: TestServer;
let open: TestServer;
beforeAll(async () => {
  writeKeyFile(keysFile, records);
  [server, open] = await Promise.all([
    startTestServer(students, { workers: 1, keysFile, addressRequestsPerMinute: 30, pollSeconds: 0.05 }),
    startTestServer(students, { workers: 1 }),
  ]);
});
afterAll(async () => {
  await Promise.all([server.end(), open.end()]);
  rmSync(root, { recursive: true, force: true });
});

const good = { inputs: "good" };
const bearer = (key: { secret: string }) => ({ authorization: `Bearer ${key.secret}` });
/** Its body is read: a connection with the rest of a long one in it would never be idle, and hold up the server's end. */
const get = async (path: string, headers: Record<string, string> = {}) => {
  const response = await fetch(`${server.url}${path}`, { headers });
  await response.arrayBuffer();
  return response;
};

describe("with a key file", () => {
  test("a route asks for a key with its scope, in either header", async () => {
    const statuses = async (headers: Record<string, string>) => [
      (await server.post("/v1/sentiment", good, headers)).status,
      (await get("/metrics", headers)).status,
      (await server.post("/admin/reload", {}, headers)).status,
    ];
    expect(await statuses(bearer(keys.infer))).toEqual([200, 403, 403]);
    expect(await statuses({ "x-api-key": keys.metrics.secret })).toEqual([403, 200, 403]);
    expect(await statuses(bearer(keys.admin))).toEqual([403, 403, 200]);
    expect(await statuses({})).toEqual([401, 401, 401]);
    expect(await statuses({ authorization: "Bearer kdnas_nobody" })).toEqual([401, 401, 401]);
  });

  test("401 names the scheme, and neither 401 nor 403 repeats the key", async () => {
    const refused = await server.post("/v1/sentiment", good, { "x-api-key": "kdnas_my-own" });
    expect(refused.headers.get("www-authenticate")).toBe('Bearer realm="kdnas"');
    expect(await refused.text()).not.toContain("my-own");
  });

  test("keys come where the imitated APIs have them: in the query, in Google's header, in the body", async () => {
    const comment = { comment: { text: "good" }, requestedAttributes: { TOXICITY: {} } };
    const analyze = "/v1alpha1/comments:analyze";
    const { secret } = keys.infer;
    expect((await server.post(`${analyze}?key=${secret}`, comment)).status).toBe(200);
    expect((await server.post(analyze, comment, { "x-goog-api-key": secret })).status).toBe(200);
    expect((await server.post(`/v1/sentiment?key=${secret}`, good)).status).toBe(401);
    expect((await server.post("/detect", { q: "good", api_key: secret })).status).toBe(200);
    expect((await server.post("/detect", { q: "good", api_key: "no" })).status).toBe(403);
    expect((await server.post("/detect", { q: "good" })).status).toBe(403);
    expect((await server.post("/detect", { q: "good" }, bearer(keys.infer))).status).toBe(200);
  });

  test("probes and the API's document ask for no key", async () => {
    for (const path of ["/health/live", "/health/ready", "/health/startup", "/openapi.json", "/docs"])
      expect((await get(path)).status).toBe(200);
  });

  test("a key's own limit gives 429 with Retry-After and RateLimit, and other keys go on", async () => {
    const ask = () => server.post("/v1/sentiment", good, bearer(keys.few));
    const replies = [await ask(), await ask(), await ask()];
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(replies.map(({ headers }) => headers.get("ratelimit"))).toEqual([
      expect.stringMatching(/^"minute";r=1;t=\d+$/),
      expect.stringMatching(/^"minute";r=0;t=\d+$/),
      expect.stringMatching(/^"minute";r=0;t=\d+$/),
    ]);
    expect(replies[2]?.headers.get("ratelimit-policy")).toBe('"minute";q=2;w=60');
    expect(Number(replies[2]?.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await replies[2]?.json()).toMatchObject({ type: "urn:kdnas:rate-limited", status: 429 });
    expect((await server.post("/v1/sentiment", good, bearer(keys.infer))).status).toBe(200);
  });

  test("guesses are counted against their address, while keys from there go on", async () => {
    const guesses = await Promise.all(Array.from({ length: 40 }, () => get("/metrics", { "x-api-key": "guess" })));
    expect(guesses.some(({ status }) => status === 429)).toBe(true);
    expect((await get("/metrics", bearer(keys.metrics))).status).toBe(200);
  });

  test("an admin call leaves a line in the log that says who, what and how it ended", async () => {
    const id = "audit-me";
    await server.post("/admin/reload", {}, { ...bearer(keys.admin), "x-request-id": id });
    const line = server.log.map((text) => JSON.parse(text)).find(({ requestId }) => requestId === id);
    expect(line).toMatchObject({ msg: "audit", method: "POST", route: "/admin/reload", code: 200, key: "ops" });
  });

  test("an admin call by another spelling is none, and by a whole address it leaves its line too", async () => {
    for (const path of ["/admin/reload/", "/Admin/reload"])
      expect((await server.post(path, {}, bearer(keys.admin))).status).toBe(404);
    const id = "audit-whole-address";
    const { hostname, port } = new URL(server.url);
    const headers = { ...bearer(keys.admin), "x-request-id": id };
    const whole = request({ hostname, port, method: "POST", path: `${server.url}/admin/reload`, headers });
    const [reply] = await once(whole.end(), "response");
    expect(reply.resume().statusCode).toBe(200);
    await eventually(() => {
      const line = server.log.map((text) => JSON.parse(text)).find(({ requestId }) => requestId === id);
      expect(line).toMatchObject({ msg: "audit", route: "/admin/reload", code: 200, key: "ops" });
    });
  });

  test("the file is read again when it changes; a damaged one leaves the keys as they were", async () => {
    const late = make("late", ["metrics"]);
    writeKeyFile(keysFile, [...records.filter(({ name }) => name !== "ops"), late.record]);
    await eventually(async () => expect((await get("/metrics", bearer(late))).status).toBe(200));
    expect((await server.post("/admin/reload", {}, bearer(keys.admin))).status).not.toBe(200);
    writeFileSync(keysFile, "{");
    await eventually(() => expect(server.log.join("")).toContain("the keys stay as they were"));
    expect((await get("/metrics", bearer(late))).status).toBe(200);
  });
});

describe("without a key file", () => {
  test("all is open to this machine, keys of elsewhere are not looked at", async () => {
    expect((await open.post("/v1/sentiment", good, { authorization: "Bearer hf_something" })).status).toBe(200);
    expect((await open.post("/admin/reload", {})).status).toBe(200);
  });

  test("an admin call is refused to a page in a browser and to what a proxy passes on", async () => {
    for (const headers of [{ origin: "https://example.org" }, { "x-forwarded-for": "192.0.2.1" }])
      expect((await open.post("/admin/reload", {}, headers as Record<string, string>)).status).toBe(403);
  });

  test("a correction is refused to a page of another site, and to no other", async () => {
    const body = { task: "sentiment", text: "good", label: "positive" };
    const typeFor = async (headers: Record<string, string>) =>
      (await supertest(open.url).post("/v1/feedback").set(headers).send(body)).body.type;
    expect(await typeFor({ "sec-fetch-site": "cross-site" })).toBe("urn:kdnas:forbidden");
    // As browsers send to http on another machine.
    const host = "kdnas.test:8080";
    expect(await typeFor({ host, origin: "http://example.org" })).toBe("urn:kdnas:forbidden");
    // This server keeps none.
    expect(await typeFor({})).toBe("urn:kdnas:not-enabled");
    expect(await typeFor({ "sec-fetch-site": "same-origin" })).toBe("urn:kdnas:not-enabled");
    expect(await typeFor({ host, origin: `http://${host}` })).toBe("urn:kdnas:not-enabled");
    expect((await open.post("/v1/sentiment", good, { "sec-fetch-site": "cross-site" })).status).toBe(200);
  });
});

test("startServer() refuses a key file that cannot be read, and warns where all the world may ask", async () => {
  const lines: string[] = [];
  const log = createLog({ write: (line) => void lines.push(line) });
  const config = { ...readConfig([], {}), port: 0, models: root, workers: 1 };
  await expect(startServer({ ...config, keysFile: join(root, "none.json") }, log)).rejects.toThrow(ConfigError);
  const exposed = await startServer({ ...config, host: "0.0.0.0" }, log);
  await exposed.drain(0);
  expect(lines.join("")).toMatch(/"level":"warn".*no API keys, and 0\.0\.0\.0 can be reached/);
});
