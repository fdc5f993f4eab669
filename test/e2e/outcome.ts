import { join } from "node:path";
import { readJournal } from "../../search/explore/journal.ts";
import { architectureName } from "../../src/contract/architecture.ts";
import { readManifest } from "../../src/contract/manifest.ts";

/** All that came of a search but the times: each trial's architecture and losses, and the hashes of a student's files. */
export function outcomeOf(home: string, runId: string, student: string) {
  const { trials } = readJournal(join(home, "runs", runId, "journal.jsonl"));
  return {
    trials: trials.map((trial) => ({
      episode: trial.episode,
      architecture: architectureName(trial.architecture),
      ...(trial.status === "ok" ? { loss: trial.loss, hiddenLoss: trial.hiddenLoss } : { reason: trial.reason }),
    })),
    files: readManifest(join(home, "models", student, "manifest.json")).files,
  };
}
