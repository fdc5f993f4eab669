import { ruleFor } from "../../search/control/act.ts";
import type { Decision } from "../../search/control/decision.ts";
import type { SearchSeen } from "../../search/control/observation.ts";
import type { Slot } from "../../search/control/rank.ts";
import { bestPerBudget } from "../../search/reward/reward.ts";
import {
  type ActiveRollout,
  noRollouts,
  type RolloutFile,
  type RolloutRule,
  type RolloutStage,
  withStep,
} from "../../src/contract/rollout.ts";
import { must } from "../../src/invariant.ts";
import { fallback, front, type SimulatedStudent, trials } from "./catalogue.ts";

export const liveName = "budget-2ms";
export const fallbackName = "budget-0.1ms";
const budgetMs = 2;
const searchHours = 8;

/** What is served and what is at hand; decisions change it as acting on them changes the real folders. */
export class World {
  live: SimulatedStudent = must(front[0]);
  rollouts: RolloutFile = noRollouts;
  promotions = 0;
  rollBacks = 0;
  searches = 0;
  /** Trained, in the order in which they were. */
  private readonly trained: SimulatedStudent[] = [this.live];
  private readonly wereLive = new Set([this.live.version]);
  private search: { readonly endsAtMs: number; readonly budgetsMs: readonly number[] } | null = null;
  private endedAtMs: number | null = null;
  private readonly rule: RolloutRule;

  constructor(rule: RolloutRule) {
    this.rule = rule;
  }

  get active(): ActiveRollout | null {
    return this.rollouts.rollouts.find(({ student }) => student === liveName)?.now ?? null;
  }

  get candidate(): SimulatedStudent | null {
    const version = this.active?.candidate.version;
    return version === undefined ? null : this.named(version);
  }

  /** Puts a student among those at hand. */
  add(student: SimulatedStudent): void {
    if (!this.trained.includes(student)) this.trained.push(student);
  }

  slots(): Slot[] {
    const known = this.trained.map((student) => ({
      folder: `.candidates/${liveName}-${student.version}`,
      manifest: {
        version: student.version,
        maxTokens: 512,
        architecture: student.architecture,
      },
      score: student.score,
      latency: { cpu: "simulated", threads: 1, runtime: "simulated", lengths: [...student.latency] },
      wasLive: this.wereLive.has(student.version),
    }));
    const live = must(known.find(({ manifest }) => manifest.version === this.live.version));
    const others = known.filter((each) => each !== live);
    return [{ student: liveName, budgetMs, live, others, fallbackScore: fallback.score }];
  }

  searchSeen(): SearchSeen {
    const status = this.search !== null ? "running" : this.endedAtMs === null ? "idle" : "finished";
    return { status, id: `control-${this.searches}`, endedAtMs: this.endedAtMs, said: "simulated" };
  }

  /** Ends the search when its time has come: it has found the best of the front for its budgets. */
  pass(atMs: number): void {
    if (this.search === null || atMs < this.search.endsAtMs) return;
    for (const { trial } of bestPerBudget(trials, this.search.budgetsMs))
      if (trial !== null) this.add(must(front.find(({ architecture }) => architecture === trial.architecture)));
    this.search = null;
    this.endedAtMs = atMs;
  }

  act(decision: Decision, reason: string, atMs: number): void {
    switch (decision.kind) {
      case "search":
        this.searches++;
        this.search = {
          endsAtMs: atMs + searchHours * 3_600_000,
          budgetsMs: decision.wanted.map((each) => each.budgetMs),
        };
        break;
      case "start-shadow":
        this.stage("shadow", decision.candidate.version, reason, atMs, decision.expectedRatio);
        break;
      case "switch-student":
        this.stage("canary", decision.candidate.version, reason, atMs, decision.expectedRatio);
        break;
      case "to-canary":
        this.stage("canary", decision.version, reason, atMs);
        break;
      case "promote":
        this.live = this.named(decision.version);
        this.wereLive.add(decision.version);
        this.promotions++;
        this.end("promoted", decision.version, reason, atMs);
        break;
      case "roll-back":
        this.rollBacks++;
        this.end("rolled-back", decision.version, reason, atMs);
        break;
      default:
    }
  }

  private stage(to: RolloutStage, version: string, reason: string, atMs: number, expectedRatio?: number): void {
    const since = new Date(atMs).toISOString();
    const candidate = { folder: `.candidates/${liveName}-${version}`, version };
    // The rule that was written down when it began holds in each stage.
    const rule = this.active?.rule ?? ruleFor(this.rule, expectedRatio ?? 1);
    const now: ActiveRollout = { candidate, stage: to, share: 0.1, stickyBy: "request", since, rule };
    this.rollouts = withStep(this.rollouts, liveName, now, { at: since, to, version, share: 0.1, reason });
  }

  private end(to: "promoted" | "rolled-back", version: string, reason: string, atMs: number): void {
    this.rollouts = withStep(this.rollouts, liveName, null, { at: new Date(atMs).toISOString(), to, version, reason });
  }

  private named(version: string): SimulatedStudent {
    return must([...this.trained, fallback].find((student) => student.version === version));
  }
}
