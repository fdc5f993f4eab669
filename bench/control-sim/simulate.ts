import { askedOf } from "../../search/control/budget-outcomes.ts";
import { carriedOut } from "../../search/control/carried-out.ts";
import { decide } from "../../search/control/decide.ts";
import { decisionKey } from "../../search/control/decision.ts";
import { observe, recalibrated, toProduction } from "../../search/control/observe.ts";
import { type Answer, Observer } from "../../search/control/observer.ts";
import { rank, withoutRejected } from "../../search/control/rank.ts";
import { type ControlRecord, initialRecord } from "../../search/control/record.ts";
import type { Reasoned } from "../../search/control/situation.ts";
import { metricNames } from "../../src/contract/metrics.ts";
import { createRandom, type Random } from "../../src/random.ts";
import { badStudent, fallback, trials } from "./catalogue.ts";
import type { Policy } from "./policies.ts";
import type { Scenario } from "./scenarios.ts";
import { type Load, type Served, serve } from "./serving.ts";
import { SimulatedServer } from "./simulated-server.ts";
import { fallbackName, liveName, World } from "./world.ts";

/** One policy through one scenario: servers count, control reads their text and decides, the world follows. */
export interface Course {
  readonly windows: readonly WindowResult[];
  readonly decisions: readonly { readonly hour: number; readonly key: string; readonly reason: string }[];
  readonly promotions: number;
  readonly rollBacks: number;
  readonly searches: number;
}

export interface WindowResult {
  readonly hour: number;
  readonly asked: number;
  /** Answers in time: by the best student or by a faster one. */
  readonly kept: number;
  /** Right answers in time: what users get. */
  readonly right: number;
  readonly live: string;
}

export interface SimulationOptions {
  readonly days: number;
  readonly seed: number;
}

const windowMinutes = 15;
const servers = 2;
const workers = 4;
/** Texts a second of a server at noon. */
const noonTexts = 1300;
const budgetMs = 8;
const startMs = Date.UTC(2026, 0, 5);

export async function simulate(scenario: Scenario, policy: Policy, { days, seed }: SimulationOptions): Promise<Course> {
  const random = createRandom(seed);
  const world = new World(policy.rule);
  const fleet = Array.from({ length: servers }, () => ({ server: new SimulatedServer(), said: [] as string[] }));
  const controller = policy.settings === null ? null : new Controller(policy.settings);
  const windows: WindowResult[] = [];
  for (let i = 1; i <= (days * 24 * 60) / windowMinutes; i++) {
    const hour = (i * windowMinutes) / 60;
    const atMs = startMs + hour * 3_600_000;
    if (scenario.badStudentAt !== null && hour >= scenario.badStudentAt) world.add(badStudent);
    world.pass(atMs);
    const served = fleet.map(({ server }) => serveWindow(scenario, hour, server, world, random));
    windows.push(toResult(hour, served, world));
    if (controller === null) continue;
    const answers = await Promise.all(fleet.map((one, n) => answer(one, n, scenario, hour, random)));
    controller.window(answers, world, atMs, hour);
  }
  const { promotions, rollBacks, searches } = world;
  return { windows, decisions: controller?.decisions ?? [], promotions, rollBacks, searches };
}

/** Control's own parts in control's own order; only the clock and the folders are the simulation's. */
class Controller {
  readonly decisions: { hour: number; key: string; reason: string }[] = [];
  private readonly observer = new Observer(300_000);
  private readonly settings: NonNullable<Policy["settings"]>;
  private record: ControlRecord = initialRecord();

  constructor(settings: NonNullable<Policy["settings"]>) {
    this.settings = settings;
  }

  window(answers: readonly Answer[], world: World, atMs: number, hour: number): void {
    const look = this.observer.look(answers, atMs);
    const surroundings = { rollouts: world.rollouts, search: world.searchSeen(), waiting: [] };
    const { observation, record } = observe(this.record, look, surroundings, atMs);
    const { nextState, ...reasoned } = decide(observation, record.state, this.settings);
    this.record = { ...record, state: nextState };
    if (reasoned.decision.kind === "nothing") return;
    this.decisions.push({ hour, key: decisionKey(reasoned.decision), reason: reasoned.reason });
    this.act(reasoned, world, atMs);
  }

  private act({ decision, reason }: Reasoned, world: World, atMs: number): void {
    if (decision.kind === "recalibrate") this.record = recalibrated(this.record);
    const slots = world.slots().map((slot) => withoutRejected(slot, this.record.state.rejected));
    if (decision.kind === "re-rank")
      this.record = { ...this.record, ranking: rank(slots, trials, toProduction(this.record, atMs, null)) };
    world.act(decision, reason, atMs);
    this.record = { ...this.record, state: carriedOut(decision, this.record.state, atMs) };
  }
}

function serveWindow(scenario: Scenario, hour: number, server: SimulatedServer, world: World, random: Random): Served {
  const load = toLoad(scenario, hour, random);
  const served = serve(load, world.live, fallback);
  server.count({ live: liveName, fallback: fallbackName }, served);
  countCandidate(server, served, world, random);
  const ratio = load.slowness * world.live.slowness * (1 + 0.03 * random.normal());
  server.set([
    `process_start_time_seconds ${startMs / 1000}`,
    `${metricNames.workers} ${workers}`,
    `${metricNames.studentInfo}{student="${liveName}",version="${world.live.version}",architecture="simulated"} 1`,
    `${metricNames.predictionErrorRatio}{student="${liveName}"} ${ratio}`,
  ]);
  return served;
}

/** Most at two in the afternoon, a third of it at two at night. */
function toLoad(scenario: Scenario, hour: number, random: Random): Load {
  const day = (2 + Math.cos(((hour - 14) / 12) * Math.PI)) / 3;
  const rate = noonTexts * day * scenario.traffic(hour) * (1 + 0.03 * random.normal());
  const mean = scenario.meanTokens(hour);
  const bins = [0.25, 0.45, 0.7, 1, 1.4, 2, 3].map((factor, i) => ({
    tokens: Math.max(2, Math.round(mean * factor)),
    share: [0.14, 0.17, 0.2, 0.2, 0.15, 0.1, 0.04][i] as number,
  }));
  const texts = bins.map(({ tokens, share }) => ({ tokens, count: Math.round(rate * 60 * windowMinutes * share) }));
  return { seconds: 60 * windowMinutes, workers, texts, slowness: scenario.slowness(hour), budgetMs };
}

function countCandidate(server: SimulatedServer, served: Served, world: World, random: Random): void {
  const { active, candidate } = world;
  if (active === null || candidate === null) return;
  const asked = served.by
    .filter(({ student }) => student === "live")
    .map((by) => ({ ...by, count: Math.round(by.count * active.share) }));
  const texts = asked.reduce((sum, { count }) => sum + count, 0);
  const share = Math.min(candidate.agreement, world.live.agreement);
  const spread = Math.sqrt(texts * share * (1 - share)) * random.normal();
  const agreed = Math.min(texts, Math.max(0, Math.round(texts * share + spread)));
  server.countRollout([liveName, candidate.version, active.stage], asked, { agreed, slower: slownessOf(world) });
}

/** How much longer the candidate takes than the live student, at 32 tokens. */
function slownessOf({ live, candidate }: World): number {
  const timeOf = (student: typeof live) => student.slowness * (student.latency[2]?.p50Ms ?? 1);
  return candidate === null ? 1 : timeOf(candidate) / timeOf(live);
}

/** A shadow's answers go to nobody; a canary's share is answered by the candidate. */
function toResult(hour: number, served: readonly Served[], world: World): WindowResult {
  const total = (of: (one: Served) => number) => served.reduce((sum, one) => sum + of(one), 0);
  const { active, candidate, live } = world;
  const share = active?.stage === "canary" ? active.share : 0;
  const accuracy = (1 - share) * live.accuracy + share * (candidate?.accuracy ?? 0);
  const [met, downgraded] = [total((one) => one.met), total((one) => one.downgraded)];
  return {
    hour,
    asked: total(askedOf),
    kept: met + downgraded,
    right: met * accuracy + downgraded * fallback.accuracy,
    live: live.version,
  };
}

async function answer(
  one: { readonly server: SimulatedServer; readonly said: string[] },
  number: number,
  scenario: Scenario,
  hour: number,
  random: Random,
): Promise<Answer> {
  const server = `server-${number}`;
  const text = await one.server.text();
  one.said.push(text);
  // Six hours ago.
  const earlier = one.said.length > 24 ? one.said.shift() : one.said[0];
  const told = scenario.tamper ? scenario.tamper(text, hour, random, earlier) : text;
  return told === null ? { server, failure: "it does not answer" } : { server, text: told };
}
