import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { sendError, toProblem } from "../../../serve/http/error-reply.ts";
import { createLog } from "../../../serve/log.ts";
import { InvalidInputError, ModelFailedError, OverloadedError } from "../../../src/errors.ts";

test("toProblem() tells the caller's mistakes in full", () => {
  expect(toProblem(new InvalidInputError("inputs: expected a text"))).toEqual({
    type: "urn:kdnas:invalid-input",
    title: "Invalid input",
    status: 400,
    detail: "inputs: expected a text",
  });
});

test.each([[new Error("someone's text")], [new TypeError("someone's text")], ["someone's text"], [undefined]])(
  "toProblem() of an unknown failure is a 500 without its text",
  (cause) => {
    expect(toProblem(cause)).toEqual({ type: "about:blank", title: "Internal error", status: 500 });
  },
);

test("sendError() writes the problem, the header that goes with it, and no client's text to the log", async () => {
  const log: string[] = [];
  const causes = [new OverloadedError("full", 7), new ModelFailedError("it failed"), new Error("someone's text")];
  const server = createServer((_req, res) =>
    sendError(res, causes.shift(), createLog({ write: (line) => void log.push(JSON.parse(line).msg) })),
  ).listen(0, "127.0.0.1");
  await once(server, "listening");
  const get = () => fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const overloaded = await get();
  expect([overloaded.status, overloaded.headers.get("retry-after")]).toEqual([429, "7"]);
  expect(overloaded.headers.get("content-type")).toBe("application/problem+json");
  expect([(await get()).status, (await get()).status]).toEqual([500, 500]);
  expect(log).toEqual(["500: ModelFailedError: it failed", expect.stringMatching(/^500: Error at .*error-reply/)]);
  server.close();
});
