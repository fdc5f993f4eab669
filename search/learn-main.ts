import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../src/errors.ts";
import { type Flags, type Log, runCommand } from "./command/command.ts";
import { listOf } from "./command/list-flag.ts";
import { studentFlags } from "./command/student-flags.ts";
import type { Candidate } from "./complete/export-candidate.ts";
import { promoteIfBetter } from "./complete/promote.ts";
import { renewEnsembles } from "./complete/renew-ensembles.ts";
import type { Corpus } from "./corpus/assemble.ts";
import { correctedFrom } from "./learn/corrected-from.ts";
import { readFinished, weightsPath } from "./learn/finished-student.ts";
import { checkFeedback, learnCorrections } from "./learn/learn-corrections.ts";
import { judgingAll, studentMaterials } from "./learn/student-materials.ts";
import { takeUpStudents } from "./learn/take-up-students.ts";
import { lockRun } from "./run-lock.ts";

/** `npm run learn`: students learn from corrections, without a new search. */
await runCommand(
  {
    name: "npm run learn",
    about:
      "Fine-tunes students on corrections that users sent, with replay of the data they were trained on, and puts them into\n" +
      "models/ where that helps and costs the validation sets no more than half a point. Resumes with the same command.",
    flags: {
      id: {
        type: "string",
        value: "name",
        doc: "name of the run whose students learn, as in full-seed1 (default: those that are served, from the weights they are served with)",
      },
      feedback: {
        type: "string",
        value: "folder|file",
        doc: "corrections that a server kept or exported",
        env: "KDNAS_FEEDBACK",
        required: true,
      },
      ...studentFlags,
    },
  },
  learn,
);

async function learn(flags: Flags, log: Log): Promise<void> {
  checkFeedback(flags.feedback);
  const run = join(flags.runs, flags.id ?? "served");
  const wanted = listOf(flags, "students");
  const unlock = lockRun(run);
  const candidates = flags.id === undefined ? takeUpStudents(flags.models, wanted, run) : readCandidates(run, wanted);
  const { models, promote, threads } = flags;
  const finished: Candidate[] = [];
  let judging: Corpus | undefined;
  for (const candidate of candidates) {
    const { manifest } = candidate;
    const materials = await studentMaterials(flags, candidate, log);
    // Of the search that made it, which its manifest goes on to name.
    const config = { threads, feedback: flags.feedback, seed: manifest.seed, id: manifest.searchId };
    const from = correctedFrom(candidate, run);
    const learner = { candidate: from, replay: () => Promise.resolve(materials.tasks) };
    const learned = await learnCorrections(config, materials, learner, log);
    if (learned.base !== undefined) promoteIfBetter({ models, promote }, learned, log);
    finished.push(learned);
    judging = materials.corpus;
  }
  if (judging !== undefined && promote !== "never") {
    const corpus = await judgingAll(flags, judging, finished);
    await renewEnsembles({ models, promote, threads }, finished, corpus, log);
  }
  unlock();
}

/** @throws {ConfigError} when there is none. */
function readCandidates(run: string, wanted: readonly string[] | undefined): Candidate[] {
  const folders = existsSync(run) ? readdirSync(run).map((name) => join(run, name)) : [];
  const candidates = folders
    .map((folder) => join(folder, "student"))
    .filter((folder) => existsSync(weightsPath(folder)))
    .filter((folder) => existsSync(join(folder, "manifest.json")))
    .map(readFinished)
    .filter(({ manifest }) => wanted?.includes(manifest.name) ?? true);
  if (candidates.length === 0)
    throw new ConfigError(`${run}: no finished student${wanted ? ` is called ${wanted.join(" or ")}` : " is here"}`);
  return candidates;
}
