import { readFileSync } from "node:fs";
import { listen, type Page } from "../../../fixtures/listen.ts";

/**
 * Answers of a Prometheus 2.42 that scraped two servers each second, read in steps of a minute; the servers were started anew
 * between the fourth and the fifth step. Series of tasks and routes that do not matter here are left out.
 */
const path = new URL("../../../fixtures/prometheus/restart.json", import.meta.url);
const recordedEnd = 1_795_545_780;

type Answer = { readonly data: { readonly result: { readonly values: [number, string][] }[] } };
type Answers = Readonly<Record<"counters" | "starts" | "infos", Answer>>;

/** Speaks the query API with the recorded answers, as if they ended `ageSeconds` ago. */
export function listenRecorded(ageSeconds: number, change: (text: string) => string = (text) => text): Promise<Page> {
  const shift = Math.round(Date.now() / 1000) - ageSeconds - recordedEnd;
  const answers = JSON.parse(change(readFileSync(path, "utf8"))) as Answers;
  for (const { data } of Object.values(answers))
    for (const { values } of data.result) for (const point of values) point[0] += shift;
  return listen((request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    const query = url.searchParams.get("query") ?? "";
    response.setHeader("content-type", "application/json");
    if (url.pathname === "/api/v1/query")
      response.end('{"status":"success","data":{"resultType":"vector","result":[]}}');
    else if (query.startsWith("process_start_time_seconds")) response.end(JSON.stringify(answers.starts));
    else if (query.includes("_bucket") || query.includes("(bucket|")) response.end(JSON.stringify(answers.counters));
    else response.end(JSON.stringify(answers.infos));
  });
}
