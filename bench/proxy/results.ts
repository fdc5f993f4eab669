import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { Architecture } from "../../src/contract/architecture.ts";

/** An architecture trained in full, and what each proxy said of it beforehand. One a line of the results' file. */
export const ProxyResult = z.strictObject({
  architecture: Architecture,
  /** Mean over tasks of their mean score on validation data, after full training, int8. */
  quality: z.number(),
  scores: z.record(z.string(), z.number()),
  /** Of the full training; less when stages of it were there already. */
  seconds: z.number(),
  proxies: z.array(
    z.strictObject({
      name: z.string(),
      /** Higher is better. */
      value: z.number(),
      seconds: z.number(),
    }),
  ),
});
export type ProxyResult = Readonly<z.infer<typeof ProxyResult>>;
export type ProxyValue = ProxyResult["proxies"][number];

export function readResults(path: string): ProxyResult[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").trim().split("\n").filter(Boolean);
  return lines.map((line) => ProxyResult.parse(JSON.parse(line)));
}

export function appendResult(path: string, result: ProxyResult): void {
  mkdirSync(dirname(path), { recursive: true });
  appendFileSync(path, `${JSON.stringify(result)}\n`);
}
