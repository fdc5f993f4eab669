import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ConfigError } from "../../src/errors.ts";
import { readJson } from "../../src/json-file.ts";
import { Decision, decisionKey } from "./decision.ts";
import type { Reasoned } from "./situation.ts";
import { writeJson } from "./store.ts";

/** `<runs>/control/proposals/<number>.json`: what control would do, for an operator to accept or to reject. */
export const Proposal = z.strictObject({
  id: z.int().positive(),
  at: z.iso.datetime(),
  decision: Decision,
  reason: z.string(),
  /** `accepted` until control, which runs elsewhere or later, has done it or could not. */
  status: z.enum(["open", "accepted", "rejected", "done", "failed", "expired"]),
  /** When it was accepted or rejected. */
  answeredAt: z.iso.datetime().optional(),
  /** What became of it. */
  outcome: z.string(),
});
export type Proposal = Readonly<z.infer<typeof Proposal>>;

export class Proposals {
  private readonly folder: string;

  constructor(controlFolder: string) {
    this.folder = join(controlFolder, "proposals");
    mkdirSync(this.folder, { recursive: true });
  }

  all(): Proposal[] {
    const names = readdirSync(this.folder).filter((name) => /^\d+\.json$/.test(name));
    const proposals = names.map((name) => readJson(join(this.folder, name), Proposal, "not usable"));
    return proposals.sort((a, b) => a.id - b.id);
  }

  with(status: Proposal["status"]): Proposal[] {
    return this.all().filter((proposal) => proposal.status === status);
  }

  /**
   * What is not to be proposed now: what nobody has answered or carried out yet, and what was rejected since then. A rejected student
   * never comes again, so another one may at once.
   */
  waiting(sinceMs: number): Decision[] {
    const isLate = ({ at, answeredAt = at }: Proposal) => Date.parse(answeredAt) > sinceMs;
    const isPaused = (one: Proposal) => one.status === "rejected" && !("candidate" in one.decision) && isLate(one);
    return this.all()
      .filter((one) => one.status === "open" || one.status === "accepted" || isPaused(one))
      .map(({ decision }) => decision);
  }

  /** One of the same key that is open already is given back: who was killed after writing it proposes it again. */
  propose({ decision, reason }: Reasoned, atMs: number): Proposal {
    const all = this.all();
    const same = all.find(
      ({ status, decision: each }) => status === "open" && decisionKey(each) === decisionKey(decision),
    );
    if (same !== undefined) return same;
    const at = new Date(atMs).toISOString();
    const proposal: Proposal = { id: (all.at(-1)?.id ?? 0) + 1, at, decision, reason, status: "open", outcome: "" };
    this.write(proposal);
    return proposal;
  }

  /** @throws {ConfigError} when there is no such proposal, or it is not open. */
  answer(id: number, status: "accepted" | "rejected", at: Date): Proposal {
    const proposal = this.all().find((each) => each.id === id);
    if (proposal === undefined) throw new ConfigError(`there is no proposal ${id}; --list shows those there are`);
    if (proposal.status !== "open") throw new ConfigError(`proposal ${id} is ${proposal.status} already`);
    return this.settle({ ...proposal, answeredAt: at.toISOString() }, status, "");
  }

  settle(proposal: Proposal, status: Proposal["status"], outcome: string): Proposal {
    const settled = { ...proposal, status, outcome };
    this.write(settled);
    return settled;
  }

  /** What production was like when it was proposed is no longer so. */
  expire(beforeMs: number): void {
    for (const proposal of this.with("open"))
      if (Date.parse(proposal.at) < beforeMs) this.settle(proposal, "expired", "nobody answered");
  }

  private write(proposal: Proposal): void {
    writeJson(join(this.folder, `${proposal.id}.json`), proposal);
  }
}
