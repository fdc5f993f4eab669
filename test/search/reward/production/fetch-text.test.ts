import type { RequestListener } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { type FetchOptions, fetchText, toUrl } from "../../../../search/reward/production/fetch-text.ts";
import { ConfigError, UpstreamError } from "../../../../src/errors.ts";
import { listen, type Page } from "../../../fixtures/listen.ts";

const servers: Page[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(listener: RequestListener): Promise<string> {
  const server = await listen(listener, "/metrics");
  servers.push(server);
  return server.url;
}

const get = (url: string, options: FetchOptions = {}) => fetchText(toUrl(url), "text/plain", options);

describe("fetchText()", () => {
  test("says that nobody answers", async () => {
    const server = await listen(() => {}, "/metrics");
    await server.close();
    await expect(get(server.url)).rejects.toThrow(UpstreamError);
    await expect(get(server.url)).rejects.toThrow(`cannot read ${server.url}: ECONNREFUSED`);
  });

  test("says that a server hangs, before its head or in its body", async () => {
    const silent = await start(() => {});
    await expect(get(silent, { timeoutMs: 100 })).rejects.toThrow("did not answer within 100 ms");
    const slow = await start((_, response) => void response.write("kdnas_x 1\n"));
    await expect(get(slow, { timeoutMs: 100 })).rejects.toThrow("did not answer within 100 ms");
  });

  test("sends what it is authorised with, a user in the URL first", async () => {
    const url = await start((request, response) => void response.end(request.headers.authorization ?? "none"));
    expect(await get(url)).toMatchObject({ status: 200, text: "none", shown: url });
    expect((await get(url, { authorization: "Bearer k" })).text).toBe("Bearer k");
    const named = url.replace("http://", "http://reader:p%40ss@");
    const basic = `Basic ${Buffer.from("reader:p@ss").toString("base64")}`;
    expect(await get(named, { authorization: "Bearer k" })).toMatchObject({ text: basic, shown: url });
  });

  test("gives up on an endless answer", async () => {
    const chunk = "x".repeat(1024 * 1024);
    const endless = await start((_, response) => {
      const more = () => void response.write(chunk, more);
      more();
    });
    await expect(get(endless, { timeoutMs: 30_000 })).rejects.toThrow("bytes: not metrics");
  });

  test("does not repeat a URL's secrets in its errors", async () => {
    const url = "http://me:hidden@127.0.0.1:1/metrics?token=secret";
    await expect(get(url)).rejects.not.toThrow(/secret|hidden/);
    await expect(get(url)).rejects.toThrow("http://127.0.0.1:1/metrics");
  });
});

test.each(["localhost:8080", "", "ftp://host/metrics", "/metrics"])("toUrl() refuses %j", (url) => {
  expect(() => toUrl(url)).toThrow(ConfigError);
});
