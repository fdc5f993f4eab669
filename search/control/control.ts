import { join } from "node:path";
import { readRollouts } from "../../src/contract/rollout.ts";
import type { Log } from "../command/command.ts";
import { finishPromotions } from "../export/candidate-folder.ts";
import type { FetchOptions } from "../reward/production/fetch-text.ts";
import { askServers } from "./ask-servers.ts";
import { withRejected } from "./carried-out.ts";
import { decide } from "./decide.ts";
import { type Decision, decisionKey, isHarmless } from "./decision.ts";
import { isOfSystem } from "./is-passing.ts";
import { takeUpProduction } from "./kept-production.ts";
import { leftOver } from "./left-over.ts";
import type { SearchSeen } from "./observation.ts";
import { observe } from "./observe.ts";
import { Observer } from "./observer.ts";
import { hasFailed, type PerformSettings, perform } from "./perform.ts";
import { type Proposal, Proposals } from "./proposals.ts";
import { keepTraffic } from "./recent-traffic.ts";
import type { ControlRecord, Intent } from "./record.ts";
import { SearchProcess } from "./search-process.ts";
import type { ControlSettings } from "./settings.ts";
import type { Reasoned } from "./situation.ts";
import { openStore, type Store } from "./store.ts";

export const modes = ["observe", "propose", "act"] as const;
export type Mode = (typeof modes)[number];

export interface ControlOptions extends PerformSettings, FetchOptions {
  readonly mode: Mode;
  /** Servers' `/metrics`, or a Prometheus' `/federate`. */
  readonly urls: readonly string[];
  readonly thresholds: ControlSettings;
  /** Of all cores, for a search. */
  readonly cpuShare: number;
  /** What `--metrics` of a search learned from production before; null: control learns it itself. */
  readonly production: string | null;
  /** Metrics older than this are stale. */
  readonly maxAgeMs: number;
}

/** How long advice, a proposal or its rejection holds before the same may be said again. */
const adviceMs = 6 * 3600 * 1000;

/** Looks, decides and does what its mode allows, a window at a time. What it knows is on disk after each. */
export class Control {
  private readonly options: ControlOptions;
  private readonly log: Log;
  private readonly store: Store;
  private readonly proposals: Proposals;
  private readonly observer: Observer;
  private readonly searching: SearchProcess;
  private record: ControlRecord;
  private lastSaid = "";

  /** @throws {BadFileError} when its state cannot be read. */
  constructor(options: ControlOptions, log: Log) {
    this.options = options;
    this.log = log;
    this.store = openStore(options.controlFolder);
    this.proposals = new Proposals(options.controlFolder);
    this.observer = new Observer(options.maxAgeMs);
    this.searching = new SearchProcess(options.controlFolder, options.runs, options.cpuShare);
    this.record = this.store.read();
  }

  /** What was under way when control was last ended or killed; one that observes only says what that was. */
  resume(atMs: number): void {
    const { models, production, controlFolder } = this.options;
    const lines = this.isObserving ? leftOver(models, this.record, this.proposals) : finished(models, new Date(atMs));
    for (const line of lines) this.log(line);
    if (production !== null && takeUpProduction(production, controlFolder, this.record))
      this.log(`production · ${production} is what is expected, until control recalibrates`);
    if (this.record.intent !== null) this.takeUp(this.record.intent, atMs);
  }

  /** What was under way waits, with all else, while the system refuses to write: `false`, to be tried again. */
  tryResume(atMs: number): boolean {
    const { intent } = this.record;
    try {
      this.resume(atMs);
      return true;
    } catch (error) {
      if (!isOfSystem(error)) throw error;
      // It may have failed for the same reason. What has been done can be done again.
      this.record = { ...this.record, intent };
      this.log(`nothing · ${error.message}`);
      return false;
    }
  }

  async window(atMs: number): Promise<void> {
    this.followSearch(atMs);
    this.takeAnswers(atMs);
    const look = this.observer.look(await askServers(this.options.urls, this.options), atMs);
    keepTraffic(this.options.controlFolder, look);
    const surroundings = {
      rollouts: readRollouts(this.options.models),
      search: this.searchSeen(),
      waiting: this.waiting(atMs),
    };
    const { observation, record } = observe(this.record, look, surroundings, atMs);
    const { nextState, ...reasoned } = decide(observation, record.state, this.options.thresholds);
    this.record = { ...record, state: nextState };
    this.handle(reasoned, atMs);
    this.followSearch(atMs);
    this.store.write(this.record);
  }

  /** A search ends with control, and is taken up by the next one. */
  end(): void {
    if (!this.isObserving && this.record.search?.status === "running") this.searching.stop(this.record.search);
  }

  private get isObserving(): boolean {
    return this.options.mode === "observe";
  }

  private handle(reasoned: Reasoned, atMs: number): void {
    if (reasoned.decision.kind === "nothing") this.say(reasoned, atMs);
    else if (this.mayDo(reasoned.decision)) this.actOn(reasoned, atMs);
    else this.putForward(reasoned, atMs);
  }

  private mayDo(decision: Decision): boolean {
    return isHarmless(decision) || this.options.mode === "act";
  }

  private putForward(reasoned: Reasoned, atMs: number): void {
    if (this.isObserving) this.advise(reasoned, atMs);
    else this.propose(reasoned, atMs);
  }

  /** What was decided before a kill, and perhaps not done. What was accepted is done with the other answers. */
  private takeUp(intent: Intent, atMs: number): void {
    const key = decisionKey(intent.decision);
    const isAccepted = this.proposals.with("accepted").some(({ decision }) => decisionKey(decision) === key);
    if (!isAccepted && this.mayDo(intent.decision)) this.finish(intent, intent.atMs, "taken up again: ");
    else if (!isAccepted) this.putForward(intent, atMs);
    this.record = { ...this.record, intent: null };
  }

  private propose(reasoned: Reasoned, atMs: number): void {
    const { id } = this.proposals.propose(reasoned, atMs);
    this.tell(reasoned, atMs, `proposal ${id}: npm run control -- --accept ${id}`);
  }

  private advise(reasoned: Reasoned, atMs: number): void {
    const advisedAtMs = { ...this.record.advisedAtMs, [decisionKey(reasoned.decision)]: atMs };
    this.record = { ...this.record, advisedAtMs };
    this.tell(reasoned, atMs, "not done: mode observe");
  }

  /**
   * It is written down that it will be done, then done, then written down that it was. What could not be written is neither done nor kept, but
   * for the time of the decision: a later window would write it, and a restart act on what has long passed.
   */
  private actOn(reasoned: Reasoned, atMs: number): string {
    const intended = { ...this.record, intent: { decision: reasoned.decision, reason: reasoned.reason, atMs } };
    this.store.write(intended);
    this.record = intended;
    return this.finish(reasoned, atMs, "");
  }

  /** @returns what became of it. */
  private finish(reasoned: Reasoned, atMs: number, prefix: string): string {
    const { record, outcome } = perform(reasoned, this.record, atMs, this.options);
    this.record = { ...record, intent: null };
    this.store.write(this.record);
    this.tell(reasoned, atMs, prefix + outcome);
    return outcome;
  }

  private takeAnswers(atMs: number): void {
    this.proposals.expire(atMs - adviceMs);
    if (!this.isObserving) for (const proposal of this.proposals.with("accepted")) this.carryOut(proposal, atMs);
    for (const { decision } of this.proposals.with("rejected"))
      if ("candidate" in decision)
        this.record = { ...this.record, state: withRejected(this.record.state, decision.candidate.version) };
  }

  private carryOut(proposal: Proposal, atMs: number): void {
    const outcome = this.actOn(proposal, atMs);
    this.proposals.settle(proposal, hasFailed(outcome) ? "failed" : "done", outcome);
  }

  private waiting(atMs: number): string[] {
    const proposed = this.proposals.waiting(atMs - adviceMs);
    const advised = Object.entries(this.record.advisedAtMs).filter(([, saidMs]) => atMs - saidMs < adviceMs);
    return [...proposed.map(decisionKey), ...advised.map(([key]) => key)];
  }

  /** A search takes hours of processors and writes its run: one that observes leaves it as it is. */
  private followSearch(atMs: number): void {
    const { search } = this.record;
    if (search === null || this.isObserving) return;
    const next = this.searching.follow(search, atMs);
    if (next === search) return;
    this.record = { ...this.record, search: next };
    this.store.write(this.record);
    if (next.status !== search.status) this.log(`search ${next.id} · ${next.status}: ${next.said}`);
  }

  private searchSeen(): SearchSeen {
    const { search } = this.record;
    if (search === null) return { status: "idle", id: null, endedAtMs: null, said: "" };
    return { status: search.status, id: search.id, endedAtMs: search.endedAtMs, said: search.said };
  }

  /** `nothing` is said when the reason is another one; numbers alone make no other reason. */
  private say(reasoned: Reasoned, atMs: number): void {
    const gist = reasoned.reason.replaceAll(/[\d.,]+/g, "#");
    if (gist !== this.lastSaid) this.tell(reasoned, atMs, "");
    this.lastSaid = gist;
  }

  private tell(reasoned: Reasoned, atMs: number, outcome: string): void {
    this.lastSaid = "";
    this.store.note(reasoned, atMs, outcome);
    const what = decisionKey(reasoned.decision);
    this.log(`${new Date(atMs).toISOString()} ${what} · ${reasoned.reason}${outcome === "" ? "" : ` → ${outcome}`}`);
  }
}

function finished(models: string, at: Date): string[] {
  const students = finishPromotions(models, at);
  return students.map((student) => `${student} · its promotion, amid which control was killed, is finished`);
}

/** Where control keeps what it knows. */
export function controlFolderOf(runs: string): string {
  return join(runs, "control");
}
