import { InvalidInputError } from "../../src/errors.ts";
import type { ErrorShape } from "../http/error-reply.ts";
import type { HotRoute, Parameters } from "./route.ts";

/** Routes that share a path, by method. */
interface Path {
  readonly path: string;
  readonly routes: readonly HotRoute[];
}

export interface Match extends Path {
  /** @throws {InvalidInputError} when a segment is no valid URL encoding. */
  parameters(): Parameters;
}

/** Finds a path's routes: most by one look into a map, those with parameters by trying their patterns. */
export interface RouteTable {
  find(path: string): Match | undefined;
}

export function createRouteTable(routes: readonly HotRoute[]): RouteTable {
  const exact = new Map<string, Match>();
  const patterns: Pattern[] = [];
  for (const path of new Set(routes.map((route) => route.path))) {
    const shared = { path, routes: routes.filter((route) => route.path === path) };
    if (path.includes("{")) patterns.push(toPattern(shared));
    else exact.set(path, { ...shared, parameters: () => ({}) });
  }
  return { find: (path) => exact.get(path) ?? findPattern(patterns, path) };
}

/** How failures are told below the first segment of a path (`v2` of `/v2/models`) that one imitated API has for itself. */
export function errorsBelow(routes: readonly HotRoute[]): (path: string) => ErrorShape | undefined {
  const shapes = new Map<string, Set<ErrorShape | undefined>>();
  for (const { path, errors } of routes) {
    const own = shapes.get(firstSegment(path)) ?? new Set();
    shapes.set(firstSegment(path), own.add(errors));
  }
  return (path) => {
    const [shape, ...others] = shapes.get(firstSegment(path)) ?? [];
    return others.length === 0 ? shape : undefined;
  };
}

function firstSegment(path: string): string {
  return path.split("/", 2)[1] ?? "";
}

interface Pattern extends Path {
  readonly expression: RegExp;
}

function toPattern(path: Path): Pattern {
  const source = path.path
    .split(/(\{\w+\})/)
    .map((part) => part.replace(/^\{(\w+)\}$/, "(?<$1>[^/]+)"))
    .map((part) => (part.startsWith("(?<") ? part : part.replace(/[.+*?^$|()[\]\\]/g, "\\$&")))
    .join("");
  return { ...path, expression: new RegExp(`^${source}$`) };
}

function findPattern(patterns: readonly Pattern[], path: string): Match | undefined {
  for (const pattern of patterns) {
    const found = pattern.expression.exec(path);
    if (found) return { ...pattern, parameters: () => decode(found.groups ?? {}) };
  }
  return undefined;
}

function decode(groups: Parameters): Parameters {
  try {
    return Object.fromEntries(Object.entries(groups).map(([name, text]) => [name, decodeURIComponent(text)]));
  } catch (cause) {
    throw new InvalidInputError("the path is not valid URL encoding", { cause });
  }
}
