import type { Log } from "../command/command.ts";
import { decisionKey } from "./decision.ts";
import { Proposals } from "./proposals.ts";

/** `--list`: proposals that are open, and the last ones that are not. */
export function listProposals(controlFolder: string, log: Log): void {
  const all = new Proposals(controlFolder).all();
  if (all.length === 0) log("there are no proposals");
  for (const { id, at, status, decision, reason, outcome } of [
    ...all.slice(0, -20).filter((p) => p.status === "open"),
    ...all.slice(-20),
  ])
    log(`${id} · ${status} · ${at} · ${decisionKey(decision)} · ${reason}${outcome === "" ? "" : ` → ${outcome}`}`);
}

/** `--accept`, `--reject`: control, where it runs and does more than observe, does it at its next window; else when it is started so. */
export function answerProposal(controlFolder: string, id: number, status: "accepted" | "rejected", log: Log): void {
  const { decision } = new Proposals(controlFolder).answer(id, status, new Date());
  const when = status === "accepted" ? ", at the next window of a control that proposes or acts" : "";
  log(`proposal ${id} is ${status}: ${decisionKey(decision)}${when}`);
}
