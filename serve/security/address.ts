import type { IncomingMessage } from "node:http";
import { BlockList, isIP, isIPv6 } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8);
loopback.addAddress("::1", "ipv6");

/** `localhost` and the addresses that only this machine reaches. */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return host === "localhost";
  return loopback.check(host, family === 6 ? "ipv6" : "ipv4");
}

/**
 * The client's address. With `trustedProxies` of n it is the n-th from the right of X-Forwarded-For, which the outermost
 * of our own proxies has written; what stands left of it is the client's own claim.
 */
export function addressOf(req: IncomingMessage, trustedProxies: number): string {
  const direct = req.socket.remoteAddress ?? "";
  if (trustedProxies === 0) return direct;
  const hops = String(req.headers["x-forwarded-for"] ?? "").split(",");
  const claimed = (hops[Math.max(0, hops.length - trustedProxies)] ?? "").trim();
  // Some gateways, such as Azure's, write the port too; an address of IPv6 alone would lose its end with it.
  return [claimed, withoutPort(claimed)].find((address) => isIP(address) !== 0) ?? direct;
}

/** What an address is counted under: of IPv6 its /64, since whoever has one address there has all. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = "", tail] = address.split("%")[0]?.split("::") ?? [];
  const left = head.split(":").filter(Boolean);
  const right = (tail ?? "").split(":").filter(Boolean);
  const groups = [...left, ...Array(Math.max(0, 8 - left.length - right.length)).fill("0"), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}

/** The name or address that the client has asked; clients of before HTTP/1.1, which no browser is, may tell none. */
function hostOf({ headers: { host = "localhost" } }: IncomingMessage): string {
  return withoutPort(host);
}

function withoutPort(host: string): string {
  return host.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}

/**
 * Whether it comes from a program on this machine: neither passed on by a proxy nor sent by a page in a browser. A page may have its own
 * name lead here (DNS rebinding); then it is that name that was asked.
 */
export function isFromThisMachine(req: IncomingMessage): boolean {
  const passedOn = ["x-forwarded-for", "forwarded", "via", "origin", "sec-fetch-site"];
  return (
    isLoopback(req.socket.remoteAddress ?? "") &&
    isLoopback(hostOf(req)) &&
    passedOn.every((name) => req.headers[name] === undefined)
  );
}

/**
 * Whether a page of another site in a browser sent it. Browsers say so in `Sec-Fetch-Site`, but only to https and to this machine; elsewhere
 * `Origin`, which they send with whatever may change something, has to be of the host that was asked. A proxy may have put another name into
 * `Host`, so the former is believed where it is there. A page that hides its origin (`null`) is taken for one of another site.
 */
export function isFromOtherSite(req: IncomingMessage): boolean {
  const { origin, "sec-fetch-site": site } = req.headers;
  if (site !== undefined) return site === "cross-site";
  if (origin === undefined) return false;
  return !URL.canParse(origin) || withoutPort(new URL(origin).host) !== hostOf(req);
}
