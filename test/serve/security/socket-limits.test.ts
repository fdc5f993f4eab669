import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../../fixtures/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  const limits = { headersTimeoutSeconds: 1, requestTimeoutSeconds: 2, headerLimitBytes: 2048, maxConnections: 4 };
  server = await startTestServer([{ name: "only", layers: 0 }], { workers: 1, ...limits });
});
afterAll(() => server.end());

interface Wire {
  readonly socket: Socket;
  /** All that came, once the server has closed. */
  readonly ended: Promise<string>;
}

async function open(): Promise<Wire> {
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  let came = "";
  socket.on("data", (chunk) => {
    came += chunk;
  });
  socket.on("error", () => {});
  const ended = once(socket, "close").then(() => came);
  await Promise.race([once(socket, "connect"), ended]);
  return { socket, ended };
}

/** Sends a letter every 100 ms until the server has closed: a client that is slow on purpose. */
function drip({ socket, ended }: Wire, letter: string): Promise<string> {
  const timer = setInterval(() => socket.write(letter), 100);
  return ended.finally(() => clearInterval(timer));
}

test("headers that never end are cut off, whether they drip or do not come at all", async () => {
  const [dripping, silent] = [await open(), await open()];
  dripping.socket.write("POST /v1/sentiment HTTP/1.1\r\nhost: x\r\nx-slow: ");
  expect(await drip(dripping, "a")).toMatch(/^(HTTP\/1.1 408 |$)/);
  expect(await silent.ended).toMatch(/^(HTTP\/1.1 408 |$)/);
});

test("a body that drips is cut off, and the log has nothing of it", async () => {
  const wire = await open();
  wire.socket.write("POST /v1/sentiment HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n");
  expect(await drip(wire, "w")).not.toContain("200 OK");
  expect(server.log.join("")).not.toContain("www");
});

test("headers that are too large get 431", async () => {
  const wire = await open();
  wire.socket.write(`GET /health/live HTTP/1.1\r\nhost: x\r\nx-large: ${"a".repeat(4000)}\r\n\r\n`);
  expect(await wire.ended).toMatch(/^HTTP\/1.1 431 /);
});

test("what is not HTTP gets 400 and is closed", async () => {
  const wire = await open();
  wire.socket.write("secret words\r\n\r\n");
  const reply = await wire.ended;
  expect(reply).toMatch(/^HTTP\/1.1 400 /);
  expect(reply).not.toContain("secret");
});

test("connections beyond the limit are closed at once, and those within go on", async () => {
  const held = [await open(), await open(), await open(), await open()];
  expect(await (await open()).ended).toBe("");
  const [first] = held;
  first?.socket.write("GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  expect(await first?.ended).toMatch(/^HTTP\/1.1 200 /);
  for (const { socket } of held) socket.destroy();
});
