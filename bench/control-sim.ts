import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { table } from "../search/reward/report.ts";
import { coursePlot } from "./control-sim/plot.ts";
import { policies } from "./control-sim/policies.ts";
import { scenarios } from "./control-sim/scenarios.ts";
import { type Course, simulate } from "./control-sim/simulate.ts";
import { summarise } from "./control-sim/summary.ts";

export const flags = {
  days: { type: "string", default: "4" },
  seed: { type: "string", default: "1" },
  scenario: { type: "string", doc: `one of ${scenarios.map(({ name }) => name).join(", ")}; all of them if left out` },
  decisions: { type: "boolean", default: false, doc: "list what control decided, and why" },
  plot: { type: "string", doc: "file for the courses, as docs/control-simulation.svg" },
} as const;

/**
 * Control through days of simulated production, beside one that never changes its choices and one without care. The decisions are those
 * of `npm run control`, made of metrics texts by the same reader; servers, students and searches are models of themselves.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: flags });
  const options = { days: Number(values.days), seed: Number(values.seed) };
  const chosen = scenarios.filter(({ name }) => values.scenario === undefined || name === values.scenario);
  const courses = new Map<string, Map<string, Course>>();
  for (const scenario of chosen) {
    const byPolicy = new Map<string, Course>();
    for (const policy of policies) byPolicy.set(policy.name, await simulate(scenario, policy, options));
    courses.set(scenario.name, byPolicy);
    if (values.decisions)
      for (const { hour, key, reason } of byPolicy.get("control")?.decisions ?? [])
        console.log(`${scenario.name} ${hour.toFixed(1)} h · ${key} · ${reason}`);
  }
  const rows = chosen.flatMap(({ name, about }) =>
    [...(courses.get(name) ?? [])].map(([policy, course], i) => [i === 0 ? about : "", policy, ...summarise(course)]),
  );
  console.log(
    table(["scenario", "choices", "budgets kept", "right in time", "switches", "rolled back", "searches"], rows),
  );
  if (values.plot !== undefined) writeFileSync(values.plot, coursePlot(chosen, courses, options));
}
