import { InvalidInputError } from "../../src/errors.ts";
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
