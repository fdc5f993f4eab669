import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { freePort } from "../../bench/server-process.ts";
import { type Prometheus, startPrometheus } from "../fixtures/real-prometheus.ts";

/** The job of the program that is none of ours; a process of its own, with the metrics that every process has. */
export const foreignJob = "others";

const Up = z.object({ value: z.tuple([z.number(), z.literal("1")]) });
const BothUp = z.object({ data: z.object({ result: z.array(Up).length(2) }) });

/**
 * A Prometheus as a company has one: it asks `target` each second, and another program too, which is itself. Resolves once both have
 * answered. @param folder is made, for its data
 */
export async function scrapeAmongOthers(target: string, folder: string): Promise<Prometheus> {
  mkdirSync(folder, { recursive: true });
  const address = `127.0.0.1:${await freePort()}`;
  const job = (name: string, of: string) => ({ job_name: name, static_configs: [{ targets: [of] }] });
  const config = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: [join(process.cwd(), "deploy/prometheus/kdnas-rules.yml")],
    scrape_configs: [job("kdnas", target), job(foreignJob, address)],
  };
  // JSON is YAML.
  writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(config));
  return startPrometheus(folder, address, async () => {
    const answer = await fetch(`http://${address}/api/v1/query?query=up`);
    BothUp.parse(await answer.json());
  });
}
