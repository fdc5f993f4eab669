import type { App } from "../app.ts";

/** Why texts should be sent elsewhere now; undefined when they should not. */
export function readyReason({ state, registry }: Pick<App, "state" | "registry">): string | undefined {
  if (state.draining) return "shutting down";
  return registry.students().length === 0 ? "no student is loaded" : undefined;
}
