import { architectureName } from "../../../src/contract/architecture.ts";
import { must } from "../../../src/invariant.ts";
import { percent } from "../../../src/percent.ts";
import type { Trial } from "../../space/trial.ts";
import { table } from "../report.ts";
import { paretoFront } from "../reward.ts";
import { type Calibration, trialsInProduction } from "./calibrate.ts";
import { type Judgement, medianErrors, overAllParts } from "./judge.ts";
import { meanRows, meanTokens } from "./observed.ts";
import { offlineTrials } from "./offline-trials.ts";
import type { Traffic } from "./traffic.ts";
import { type BudgetWinners, winnersBeforeAndAfter } from "./winners-before-and-after.ts";

/** What a calibration found and changed, as text for the terminal. */
export function formatCalibration(
  calibration: Calibration,
  traffic: Traffic,
  { trials, budgetsMs }: { readonly trials: readonly Trial[]; readonly budgetsMs: readonly number[] },
): string {
  const { skipped, judgement } = calibration;
  return [
    headline(calibration, traffic),
    "",
    taskTable(calibration),
    "",
    studentTable(calibration),
    ...skipped.map(({ name, reason }) => `not used: ${name} (${reason})`),
    "",
    judgement === null ? "Nothing could be held out to judge the prediction on." : judgementText(judgement),
    ...(trials.length === 0
      ? []
      : ["", winnerTable(calibration, trials, budgetsMs), "", ...frontLines(calibration, trials)]),
  ].join("\n");
}

function headline({ shape }: Calibration, { seconds, servers, restarts, machines, parts }: Traffic): string {
  const time = seconds === null ? "" : `, ${(seconds / 60).toFixed(0)} min`;
  const inFlight = seconds === null ? "" : `, ${(secondsOfRequests(parts) / seconds).toFixed(2)} requests at a time`;
  const again = restarts === 0 ? "" : `, ${restarts} restarts`;
  const [{ cpu = "", runtime = "" } = {}] = machines;
  return (
    `Production: ${meanTokens(shape).toFixed(1)} tokens a text, ${meanRows(shape).toFixed(2)} texts a pass` +
    `${inFlight} (${servers} ${servers === 1 ? "server" : "servers"}${time}${again}; ${cpu}, ${runtime})`
  );
}

/** Time that requests spent in all servers: divided by the time that passed, the mean number of them (Little 1961). */
function secondsOfRequests(parts: Traffic["parts"]): number {
  const sums = parts.flat().filter(({ name }) => name === "kdnas_http_request_duration_seconds_sum");
  return sums.reduce((sum, { value }) => sum + value, 0);
}

function taskTable({ tasks }: Calibration): string {
  return table(
    ["task", "inputs", "tokens", "p50", "p95"],
    tasks.map((task) => [
      task.task,
      String(task.inputs),
      task.meanTokens.toFixed(1),
      task.p50Tokens.toFixed(0),
      task.p95Tokens.toFixed(0),
    ]),
  );
}

function studentTable({ students }: Calibration): string {
  return table(
    ["student", "architecture", "texts", "offline ms", "seen ms", "p95 ms", "ratio", "±"],
    students.map((s) => [
      s.name,
      s.architecture,
      String(s.texts),
      toMs(s.predictedMs),
      toMs(s.measuredMs),
      toMs(s.p95Ms),
      s.ratio.toFixed(2),
      percent(s.noise),
    ]),
  );
}

/** A prediction that is off by more than this was made in another time. */
const UNSTEADY = 0.15;

function judgementText({ heldOut, cases }: Judgement): string {
  const { before, after } = medianErrors(cases);
  const students = overAllParts(cases);
  const rows = students.map((of) => {
    const own = cases.filter(({ name }) => name === of.name);
    const errors = medianErrors(own);
    const times = [of.seenMs, of.beforeMs, of.afterMs].map(toMs);
    const tails = [of.seenP95Ms, of.afterP95Ms].map(toMs);
    return [of.name, String(own.length), ...times, percent(errors.before), percent(errors.after), ...tails];
  });
  const heads = ["held out", "parts", "seen ms", "before", "after", "error before", "after", "p95 seen", "p95 after"];
  const whole = medianErrors(students);
  const how =
    heldOut === "second half"
      ? "in each part of the second half of the texts, fitted to what came before it"
      : "of each student, fitted to the others";
  const all = heldOut === "second half" ? `; over that half as a whole ${percent(whole.after)}` : "";
  const hint =
    heldOut === "second half" && after > UNSTEADY
      ? "\nProduction changed within this time: a shorter --window may tell more of how it is now."
      : "";
  return `Prediction error ${how}: median ${percent(before)} before, ${percent(after)} after${all}${hint}\n\n${table(heads, rows)}`;
}

/** Which architecture each budget would get, before production was taken into account and after. */
function winnerTable(calibration: Calibration, trials: readonly Trial[], budgetsMs: readonly number[]): string {
  const winners = winnersBeforeAndAfter(trials, trialsInProduction(calibration, trials), budgetsMs);
  return table(["budget ms", "best before", "best after", ""], winners.map(winnerRow));
}

function winnerRow({ budgetMs, before, after }: BudgetWinners): string[] {
  const was =
    before === null
      ? "none fits"
      : `${architectureName(before.architecture)} (loss ${before.loss.toFixed(3)}, ${toMs(before.latencyMs)} ms)`;
  const is =
    after === null
      ? "none fits"
      : `${architectureName(after.architecture)} (loss ${after.loss.toFixed(3)}, ${toMs(after.latencyMs)} ms, p95 ${toMs(after.expected.p95Ms)} ms, ±${percent(after.expected.uncertainty)})`;
  const isSame = before?.architecture === after?.architecture;
  return [String(budgetMs), was, is, isSame ? "same" : "changed"];
}

function frontLines(calibration: Calibration, trials: readonly Trial[]): string[] {
  const offline = offlineTrials(trials);
  const before = paretoFront(offline).map(({ architecture }) => architectureName(architecture));
  const expected = paretoFront(trialsInProduction(calibration, trials));
  const after = expected.map(({ architecture }) => architectureName(architecture));
  const only = (these: readonly string[], those: readonly string[]) => these.filter((name) => !those.includes(name));
  const moved = [
    ...only(after, before).map((name) => `${name} joins it`),
    ...only(before, after).map((name) => `${name} leaves it`),
  ];
  const where = expected.map(({ architecture, latencyMs, loss }) => {
    const was = must(offline.find((trial) => trial.architecture === architecture));
    return [architectureName(architecture), loss.toFixed(4), toMs(was.latencyMs), toMs(latencyMs)];
  });
  return [
    `The front: ${before.length} architectures before, ${after.length} after${moved.length === 0 ? ", the same ones" : `; ${moved.join(", ")}`}`,
    "",
    table(["architecture", "loss", "ms before", "ms after"], where),
  ];
}

function toMs(ms: number): string {
  return ms.toPrecision(3);
}
