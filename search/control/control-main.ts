import { setTimeout as sleep } from "node:timers/promises";
import { ConfigError } from "../../src/errors.ts";
import { runCommand } from "../command/command.ts";
import { answerProposal, listProposals } from "./answer-proposals.ts";
import { Control } from "./control.ts";
import { controlCommand, toControlConfig } from "./control-command.ts";
import { isPassing } from "./is-passing.ts";
import { lockControl } from "./lock-control.ts";

/** look → observe → decide → propose or act, a window at a time, until it is asked to end. */
await runCommand(controlCommand, async (flags, log) => {
  const config = toControlConfig(flags);
  if (flags.list) return listProposals(config.controlFolder, log);
  if (flags.accept !== undefined) return answerProposal(config.controlFolder, flags.accept, "accepted", log);
  if (flags.reject !== undefined) return answerProposal(config.controlFolder, flags.reject, "rejected", log);
  if (config.urls.length === 0) throw new ConfigError("--metrics is missing: the address of a server, once for each");
  const unlock = lockControl(config);
  const control = new Control(config, log);
  const ending = endOnSignal();
  log(
    `control · mode ${config.mode}, ${config.urls.join(", ")} every ${config.everySeconds} s, ${config.controlFolder}`,
  );
  let isResumed = false;
  for (let left = config.windows; left > 0 && !ending.signal.aborted; left--) {
    isResumed = isResumed || control.tryResume(Date.now());
    if (isResumed)
      await control.window(Date.now()).catch((error: unknown) => {
        if (!isPassing(error)) throw error;
        log(`nothing · ${error.message}`);
      });
    if (left > 1) await sleep(config.everySeconds * 1000, undefined, { signal: ending.signal }).catch(() => {});
  }
  control.end();
  unlock();
});

/** The window that is under way is finished; a second signal ends at once. */
function endOnSignal(): AbortController {
  const ending = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => ending.abort());
  return ending;
}
