import type { Decision } from "../../../search/control/decision.ts";
import { type PerformSettings, perform } from "../../../search/control/perform.ts";
import { openStore } from "../../../search/control/store.ts";
import { finishPromotions } from "../../../search/export/candidate-folder.ts";
import { readManifest } from "../../../src/contract/manifest.ts";
import { readRollouts, standardRolloutRule } from "../../../src/contract/rollout.ts";

/**
 * Takes a student's two versions in turns through shadow, canary and promotion, as fast as it can, the way control acts: what it will do
 * is written down, done, written down as done. Its parent kills it amid that.
 */
const [, , root = ""] = process.argv;
const settings: PerformSettings = {
  models: `${root}/models`,
  runs: `${root}/runs`,
  controlFolder: `${root}/runs/control`,
  searchFlags: [],
  shadowShare: 0.1,
  canaryShare: 0.1,
  rule: standardRolloutRule,
};
const store = openStore(settings.controlFolder);
let record = store.read();
finishPromotions(settings.models, new Date());
if (record.intent !== null) finish();
for (let step = 1; ; step++) {
  process.stdout.write(`step ${step};`);
  const decision = next();
  record = { ...record, intent: { decision, reason: "turn", atMs: Date.now() } };
  store.write(record);
  finish();
}

function finish(): void {
  if (record.intent === null) return;
  const { record: after, outcome } = perform(record.intent, record, record.intent.atMs, settings);
  if (outcome.startsWith("failed")) throw new Error(outcome);
  record = { ...after, intent: null };
  store.write(record);
}

function next(): Decision {
  const now = readRollouts(settings.models).rollouts[0]?.now ?? null;
  if (now !== null) {
    const { version } = now.candidate;
    return { kind: now.stage === "shadow" ? "to-canary" : "promote", student: "one-2ms", version };
  }
  const live = readManifest(`${settings.models}/one-2ms/manifest.json`).version;
  const folder =
    [`${root}/a`, `${root}/b`].find((each) => readManifest(`${each}/manifest.json`).version !== live) ?? "";
  const { version } = readManifest(`${folder}/manifest.json`);
  const candidate = { folder, version, score: 1, expectedMs: 1, share: 1, worth: 1, wasLive: false };
  return { kind: "start-shadow", student: "one-2ms", candidate, expectedRatio: 1 };
}
