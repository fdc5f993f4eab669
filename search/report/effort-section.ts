import { architectureName } from "../../src/contract/architecture.ts";
import { percent } from "../../src/percent.ts";
import { paretoFront } from "../reward/reward.ts";
import type { Trial } from "../space/trial.ts";
import { element, escapeText, tableMarkup, textElement } from "./markup.ts";
import type { ReportData } from "./report-data.ts";
import { count, megabytes, milliseconds, time } from "./wording.ts";

/** What the run took, and under which settings. */
export function effortSection({ trials, students, created, settings, searchId }: ReportData): string {
  const failed = trials.filter((trial) => trial.status === "failed").length;
  const last = students.map(({ manifest }) => Date.parse(manifest.created)).sort((a, b) => b - a)[0];
  const facts: [string, string][] = [
    ["run", `${searchId}, begun ${created.slice(0, 16).replace("T", " ")} UTC`],
    ["trials", `${trials.length}${failed === 0 ? "" : `, of which ${failed} failed`}`],
    ["distilling", time(trials.reduce((sum, trial) => sum + trial.seconds, 0))],
    ["tokens trained on in trials", count(trials.reduce((sum, trial) => sum + trial.tokens, 0))],
    ...(last === undefined
      ? []
      : [
          ["first line to last student", `${time((last - Date.parse(created)) / 1000)}, pauses included`] as [
            string,
            string,
          ],
        ]),
    ...flatten(settings),
  ];
  const items = facts.map(([name, value]) =>
    element("div", {}, textElement("dt", {}, name) + textElement("dd", {}, value)),
  );
  return element("dl", { class: "facts" }, items.join(""));
}

/** Settings as `effort.proxyTokens: 80,000`. */
function flatten(settings: Readonly<Record<string, unknown>>, prefix = ""): [string, string][] {
  return Object.entries(settings).flatMap(([key, value]): [string, string][] => {
    const name = `${prefix}${key}`;
    if (Array.isArray(value)) return [[name, value.map(settingText).join(", ")]];
    if (typeof value === "object" && value !== null) return flatten(value as Record<string, unknown>, `${name}.`);
    return [[name, settingText(value)]];
  });
}

function settingText(value: unknown): string {
  if (typeof value === "number") return value.toLocaleString("en-US", { maximumFractionDigits: 6 });
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Every trial, in the order of the journal. */
export function trialTable({ trials }: ReportData): string {
  const front = new Set<Trial>(paretoFront(trials));
  const rows = trials.map((trial, i) => {
    const head = [String(i + 1), architectureName(trial.architecture), String(trial.episode)];
    if (trial.status === "failed")
      return [...head, `failed: ${escapeText(trial.reason)}`, "", "", "", time(trial.seconds)];
    const { loss, latencyMs, bytes, seconds } = trial;
    const size = bytes === undefined ? "" : megabytes(bytes);
    return [
      ...head,
      percent(1 - loss),
      milliseconds(latencyMs),
      size,
      front.has(trial) ? "on the front" : "",
      time(seconds),
    ];
  });
  const heads = ["", "architecture", "episode", "teacher explained", "latency", "size", "", "took"];
  return tableMarkup(heads, rows, `${trials.length} trials`);
}
