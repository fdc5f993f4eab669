import type { IncomingMessage, ServerResponse } from "node:http";
import { UnavailableError } from "../../src/errors.ts";
import type { App } from "../app.ts";
import { sendJson } from "./reply.ts";

/** A probe's answer, unless there is a reason against it. */
export function answerProbe(reasonAgainst: (app: App) => string | undefined, body: unknown) {
  return (app: App, _req: IncomingMessage, res: ServerResponse): void => {
    const reason = reasonAgainst(app);
    if (reason !== undefined) throw new UnavailableError(reason);
    sendJson(res, body);
  };
}

/** Why texts should be sent elsewhere now; undefined when they should not. */
export function readyReason({
  state,
  registry,
  runner,
}: Pick<App, "state" | "registry" | "runner">): string | undefined {
  if (state.draining) return "shutting down";
  // A client may name any student that is there: it should not be told of some of them only.
  if (!state.started) return "still loading students";
  if (registry.students().length === 0) return "no student is loaded";
  return runner.health().up === 0 ? "no worker is up" : undefined;
}

/** Workers that do not come up for this long will not. */
const hopelessMs = 60_000;

/** Why only another process can help; undefined when none is needed. An event loop that is stuck gives no answer at all. */
export function deadReason({ runner }: Pick<App, "runner">): string | undefined {
  const { stuck, downMs } = runner.health();
  if (stuck >= runner.size) return "as many runs hang as there are workers, and they cannot be ended";
  return downMs > hopelessMs ? "workers end as soon as they are started" : undefined;
}
