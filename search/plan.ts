import { join } from "node:path";
import type { Log } from "./command.ts";
import type { SearchConfig } from "./config.ts";

/** `--dry-run`: what the search would do, in the order in which it would do it. */
export function showPlan(config: SearchConfig, log: Log): void {
  const { effort } = config;
  const tokens = (count: number) => `${count.toLocaleString("en-US")} tokens`;
  log(`run ${config.id} in ${join(config.runs, config.id)}, seed ${config.seed}, ${config.threads} threads`);
  log(`data: ${config.data.join(", ") || "the sample that comes with the project"}`);
  log(
    `teacher: ${config.teacher}, ${effort.teacherTokens === 0 ? "as it is" : `fine-tuned on ${tokens(effort.teacherTokens)}`}`,
  );
  log(
    `search: ${effort.trials} trials of ${tokens(effort.trialTokens)}, ${effort.trialsPerEpisode} an episode, controller ${config.controller}`,
  );
  for (const budget of config.budgetsMs) {
    log(
      `budget ${budget} ms: distil on ${tokens(effort.distilTokens)}, then tasks on ${tokens(effort.headTokens)} ` +
        `(static: ${tokens(effort.staticHeadTokens)}), then ${join(config.models, `budget-${budget}ms`)} if better`,
    );
  }
}
