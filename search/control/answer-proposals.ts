import type { Log } from "../command/command.ts";
import { decisionKey } from "./decision.ts";
import { Proposals } from "./proposals.ts";

/** `--list`: proposals that are open, and the last ones that are not. */
export function listProposals(controlFolder: string, log: Log): void {
  const all = new Proposals(controlFolder).all();
  if (all.length === 0) log("there are no proposals");
  for (const { id, at, status, decision, reason } of [
    ...all.slice(0, -20).filter((p) => p.status === "open"),
    ...all.slice(-20),
  ])
    log(`${id} · ${status} · ${at} · ${decisionKey(decision)} · ${reason}`);
}

/** `--accept`, `--reject`: control, where it runs, does it at its next window; else when it is started. */
export function answerProposal(controlFolder: string, id: number, status: "accepted" | "rejected", log: Log): void {
  const { decision } = new Proposals(controlFolder).answer(id, status);
  log(
    `proposal ${id} is ${status}: ${decisionKey(decision)}${status === "accepted" ? ", at control's next window" : ""}`,
  );
}
