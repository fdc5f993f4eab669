import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import {
  addressOf,
  isFromOtherSite,
  isFromThisMachine,
  isLoopback,
  networkOf,
} from "../../../serve/security/address.ts";

/** The two parts of a request that addresses are read from. */
const from = (remoteAddress: string, headers: Record<string, string> = {}) =>
  ({ socket: { remoteAddress }, headers }) as unknown as IncomingMessage;

test("isLoopback() knows this machine's own addresses by all their names", () => {
  for (const host of ["localhost", "127.0.0.1", "127.3.4.5", "::1", "::ffff:127.0.0.1"])
    expect(isLoopback(host)).toBe(true);
  for (const host of ["0.0.0.0", "::", "10.0.0.1", "example.org"]) expect(isLoopback(host)).toBe(false);
});

test("networkOf() counts an IPv6 address under its /64, and a mapped IPv4 address as itself", () => {
  expect(networkOf("192.0.2.7")).toBe("192.0.2.7");
  expect(networkOf("::ffff:192.0.2.7")).toBe("192.0.2.7");
  expect(networkOf("2001:db8:0:1:a:b:c:d")).toBe("2001:db8:0:1::/64");
  expect(networkOf("2001:db8:0:1::9")).toBe("2001:db8:0:1::/64");
  expect(networkOf("2001:DB8::9")).toBe("2001:db8:0:0::/64");
  expect(networkOf("fe80::1%eth0")).toBe("fe80:0:0:0::/64");
});

test("addressOf() believes X-Forwarded-For only as far as there are trusted proxies", () => {
  const request = from("10.0.0.1", { "x-forwarded-for": "1.1.1.1, 2.2.2.2, 3.3.3.3" });
  expect([0, 1, 2].map((proxies) => addressOf(request, proxies))).toEqual(["10.0.0.1", "3.3.3.3", "2.2.2.2"]);
  expect(addressOf(from("10.0.0.1", { "x-forwarded-for": "nonsense" }), 1)).toBe("10.0.0.1");
  expect(addressOf(from("10.0.0.1"), 1)).toBe("10.0.0.1");
});

test.each([
  ["203.0.113.7:51234", "203.0.113.7"],
  ["[2001:db8::7]:51234", "2001:db8::7"],
  ["[2001:db8::7]", "2001:db8::7"],
  ["2001:db8::7", "2001:db8::7"],
  ["2001:db8::7:443", "2001:db8::7:443"],
  ["example.org:443", "10.0.0.1"],
])("addressOf() reads the hop %s as %s", (hop, address) => {
  expect(addressOf(from("10.0.0.1", { "x-forwarded-for": `1.1.1.1, ${hop}` }), 1)).toBe(address);
});

test("isFromThisMachine() takes neither what a proxy passes on nor what a page in a browser sends", () => {
  expect(isFromThisMachine(from("127.0.0.1"))).toBe(true);
  expect(isFromThisMachine(from("10.0.0.1"))).toBe(false);
  expect(isFromThisMachine(from("127.0.0.1", { "x-forwarded-for": "1.1.1.1" }))).toBe(false);
  expect(isFromThisMachine(from("127.0.0.1", { origin: "https://example.org" }))).toBe(false);
  for (const host of ["localhost:8080", "127.0.0.1", "[::1]:8080"])
    expect(isFromThisMachine(from("127.0.0.1", { host }))).toBe(true);
  // A page whose name leads here sends no other sign of itself with a GET.
  expect(isFromThisMachine(from("127.0.0.1", { host: "rebound.example.org:8080" }))).toBe(false);
});

test("isFromOtherSite() goes by what browsers say of a page, and by its origin where they say nothing", () => {
  const asked = { host: "kdnas.test:8080" };
  const isOther = (headers: Record<string, string>) => isFromOtherSite(from("192.0.2.7", { ...asked, ...headers }));
  expect(isOther({})).toBe(false);
  expect(isOther({ origin: "http://kdnas.test:8080" })).toBe(false);
  // A site is told by its name, whatever the port.
  expect(isOther({ origin: "http://kdnas.test" })).toBe(false);
  expect(isOther({ origin: "http://[2001:db8::1]:3000", host: "[2001:db8::1]:8080" })).toBe(false);
  for (const origin of ["http://example.org", "http://kdnas.test.example.org:8080", "null"])
    expect(isOther({ origin })).toBe(true);
  expect(isOther({ "sec-fetch-site": "cross-site" })).toBe(true);
  // What a proxy made of Host is not what the browser asked.
  expect(isOther({ "sec-fetch-site": "same-origin", origin: "https://kdnas.example.org" })).toBe(false);
});
