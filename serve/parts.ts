import { tasks } from "../src/tasks/index.ts";
import { createAnswerCache } from "./answering/cache.ts";
import type { App } from "./app.ts";
import type { Config } from "./config.ts";
import { createDrift } from "./drift/drift.ts";
import { readReferences } from "./drift/references.ts";
import type { Runner } from "./engine/runner.ts";
import { openFeedback } from "./feedback/feedback.ts";
import type { Log } from "./log.ts";
import { createMetrics } from "./metrics/metrics.ts";
import { createBatcher } from "./queue/batcher.ts";
import { createRollouts } from "./rollout/rollouts.ts";
import { createAccess } from "./security/access.ts";
import { createRegistry } from "./students/registry.ts";
import type { StudentReader } from "./students/student-reader.ts";
import { startTracing } from "./tracing.ts";

/** All that routes work with. It comes without the routes, so that students can be read while those are imported. */
export async function createParts(config: Config, log: Log, runner: Runner, reader: StudentReader): Promise<App> {
  const metrics = createMetrics({ tasks: tasks.map((task) => task.name) });
  const drift = createDrift({
    windowMs: 1000 * config.driftWindowSeconds,
    references: readReferences(config.driftReference),
  });
  metrics.observeDrift(drift);
  metrics.observeWorkers(() => runner.health());
  const { models: folder, queueLimit, batchTokens, maxTokens, pollSeconds, cascade } = config;
  const batcher = createBatcher({ runner, metrics, drift, queueLimit, batchTokens });
  const registry = createRegistry({ folder, runner, reader, metrics, log, maxTokens, pollSeconds });
  return {
    config,
    log,
    metrics,
    runner,
    batcher,
    registry,
    rollouts: createRollouts({ registry, batcher }),
    cache: createAnswerCache(config.cacheEntries, metrics),
    drift,
    cascade,
    feedback: await openFeedback(config),
    access: createAccess(config, log),
    tracing: await startTracing(config, log),
    state: { started: false, draining: false },
  };
}
