import { runCommand } from "./command/command.ts";
import { rollout, rolloutCommand } from "./rollout-command.ts";

/** `npm run rollout`: shadow, canary, promotion and rollback for who runs no control. */
await runCommand(rolloutCommand, (flags, log) => Promise.resolve(rollout(flags, log)));
