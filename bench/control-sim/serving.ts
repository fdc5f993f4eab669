import type { BudgetOutcomes } from "../../search/control/budget-outcomes.ts";
import { predictLatencyMs } from "../../src/contract/predict-latency.ts";
import type { SimulatedStudent } from "./catalogue.ts";

/** What comes to one server in a window. */
export interface Load {
  readonly seconds: number;
  readonly workers: number;
  /** By length. */
  readonly texts: readonly { readonly tokens: number; readonly count: number }[];
  /** Time of this machine divided by that of the one which students were measured on. */
  readonly slowness: number;
  /** Of a request, from its coming to its answer. */
  readonly budgetMs: number;
}

/** What becomes of it: each text is a request. */
export interface Served extends BudgetOutcomes {
  readonly by: readonly ServedBy[];
}

export interface ServedBy {
  readonly student: "live" | "fallback";
  readonly tokens: number;
  readonly count: number;
  readonly workMs: number;
}

/** A run takes this much longer than its median once in twenty times. */
const p95Factor = 1.3;

/**
 * A server as the real one decides: a text goes to the live student when its predicted p95 keeps the budget, else to the
 * faster one; what no worker has time for is refused. The wait is Sakasegawa's for M/G/c; the share that the live student can take
 * is the greatest whose wait still keeps the budget.
 */
export function serve(load: Load, live: SimulatedStudent, fallback: SimulatedStudent): Served {
  const own = load.texts.map((text) => ({ ...text, workMs: workMs(live, text.tokens, load) }));
  const hasTime = own.map(({ workMs: ms }) => p95Factor * ms <= load.budgetMs);
  const share = greatestShare(load, own, hasTime, fallback);
  const by: ServedBy[] = [];
  own.forEach(({ tokens, count, workMs: ms }, i) => {
    const taken = hasTime[i] ? Math.round(count * share) : 0;
    if (taken > 0) by.push({ student: "live", tokens, count: taken, workMs: ms });
    if (count > taken)
      by.push({ student: "fallback", tokens, count: count - taken, workMs: workMs(fallback, tokens, load) });
  });
  return account(load, by);
}

function workMs(student: SimulatedStudent, tokens: number, { slowness }: Load): number {
  return slowness * student.slowness * predictLatencyMs({ lengths: student.latency } as never, tokens, "p50Ms");
}

function greatestShare(
  load: Load,
  own: readonly { tokens: number; count: number; workMs: number }[],
  hasTime: readonly boolean[],
  fallback: SimulatedStudent,
): number {
  const longest = Math.max(0, ...own.map(({ workMs: ms }, i) => (hasTime[i] ? ms : 0)));
  let [low, high] = [0, 1];
  for (let i = 0; i < 20; i++) {
    const share = i === 0 ? 1 : (low + high) / 2;
    const busy = own.reduce((sum, { tokens, count, workMs: ms }, j) => {
      const taken = hasTime[j] ? share : 0;
      return sum + count * (taken * ms + (1 - taken) * workMs(fallback, tokens, load));
    }, 0);
    const fits = waitP95Ms(busy, load) + p95Factor * longest <= load.budgetMs;
    if (fits) low = share;
    else high = share;
    if (fits && i === 0) return 1;
  }
  return low;
}

/** Of the wait of a text, when this many ms of work come in the window. */
function waitP95Ms(busyMs: number, { seconds, workers, texts }: Load): number {
  const count = texts.reduce((sum, text) => sum + text.count, 0);
  const use = busyMs / (1000 * seconds * workers);
  if (use >= 0.98) return Number.POSITIVE_INFINITY;
  const mean = (busyMs / Math.max(1, count)) * (use ** Math.sqrt(2 * (workers + 1)) / (workers * (1 - use)));
  return 3 * mean;
}

/** Chance makes a few late even where there is room; beyond all room texts are refused. */
function account({ seconds, workers }: Load, by: readonly ServedBy[]): Served {
  const total = (of: readonly ServedBy[]) => of.reduce((sum, { count }) => sum + count, 0);
  const busy = by.reduce((sum, { count, workMs: ms }) => sum + count * ms, 0);
  const room = 0.97 * 1000 * seconds * workers;
  const kept = Math.min(1, room / Math.max(1, busy));
  const use = Math.min(1, busy / (1000 * seconds * workers));
  const late = 0.002 + 0.03 * use ** 6;
  const [live, stepped] = [
    by.filter(({ student }) => student === "live"),
    by.filter(({ student }) => student !== "live"),
  ];
  const answered = kept * (total(live) + total(stepped));
  const missed = Math.round(answered * late);
  return {
    missed,
    refused: Math.round((1 - kept) * total(by)),
    met: Math.round(kept * total(live) * (1 - late)),
    downgraded: Math.round(kept * total(stepped) * (1 - late)),
    by: by.map((each) => ({ ...each, count: Math.round(each.count * kept) })),
  };
}
