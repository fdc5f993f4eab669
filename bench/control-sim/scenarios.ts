import type { Random } from "../../src/random.ts";

/** What production and the way to its metrics are like, by the hour since the beginning. */
export interface Scenario {
  readonly name: string;
  readonly about: string;
  /** Factor on the texts a second. */
  traffic(hour: number): number;
  /** Mean tokens of a text. */
  meanTokens(hour: number): number;
  /** Of machines, beside the one that students were measured on. */
  slowness(hour: number): number;
  /** Hour at which a bad student turns up among those at hand; none. */
  readonly badStudentAt: number | null;
  /** What comes of a server's metrics on their way. */
  tamper?(text: string, hour: number, random: Random, earlier: string | undefined): string | null;
}

const calm: Scenario = {
  name: "calm",
  about: "days and nights",
  traffic: () => 1,
  meanTokens: () => 24,
  slowness: () => 1,
  badStudentAt: null,
};

/** Straight from `low` to `high` between two hours. */
function ramp(hour: number, from: number, to: number, low: number, high: number): number {
  return low + (high - low) * Math.min(1, Math.max(0, (hour - from) / (to - from)));
}

const isBetween = (hour: number, from: number, to: number) => hour >= from && hour < to;

export const scenarios: readonly Scenario[] = [
  calm,
  { ...calm, name: "traffic", about: "traffic grows 3×", traffic: (hour) => ramp(hour, 24, 40, 1, 3) },
  { ...calm, name: "lengths", about: "texts become 3× as long", meanTokens: (hour) => ramp(hour, 24, 48, 24, 72) },
  {
    ...calm,
    name: "slow-machine",
    about: "machines 2.5× slower for two days",
    slowness: (hour) => (isBetween(hour, 24, 72) ? 2.5 : 1),
  },
  { ...calm, name: "bad-student", about: "a bad student is put forward", badStudentAt: 24 },
  {
    ...calm,
    name: "outage",
    about: "no metrics for 18 hours, traffic 3× meanwhile",
    traffic: (hour) => ramp(hour, 30, 36, 1, 3),
    tamper: (text, hour) => (isBetween(hour, 26, 44) ? null : text),
  },
  {
    ...calm,
    name: "poison",
    about: "absurd, replayed and reset metrics for 24 hours",
    tamper: (text, hour, random, earlier) => (isBetween(hour, 30, 54) ? poison(text, random, earlier) : text),
  },
];

/** Another lie each time. */
function poison(text: string, random: Random, earlier: string | undefined): string {
  const lies: readonly (() => string)[] = [
    // Ten thousand times as much of everything.
    () => text.replaceAll(/^(kdnas_\S+) (\d+)$/gm, (_, series, value) => `${series} ${Number(value) * 10_000}`),
    // Counters that begin again, in a process that did not.
    () =>
      text.replaceAll(/^(kdnas_\S+) (\d+)$/gm, (_, series, value) => `${series} ${Math.round(Number(value) * 0.001)}`),
    // What was true some hours ago.
    () => earlier ?? "",
    // All budgets missed, more than there were requests.
    () => text.replaceAll(/^(kdnas_budget_total\{.*missed.*\}) \d+$/gm, "$1 1e18"),
    () => text.replaceAll(/^(kdnas_stage_duration_seconds_sum\S+) \S+$/gm, "$1 -5"),
    () => text.replaceAll(/^(kdnas_latency_prediction_error_ratio\S+) \S+$/gm, "$1 9000"),
    () => text.replaceAll(/^(kdnas_\S+_count\S*) \S+$/gm, "$1 NaN"),
    () => text.slice(0, Math.floor(text.length * random.next())),
    () => "<html>login</html>",
  ];
  return (lies[random.int(lies.length)] as () => string)();
}
