import { parseArgs } from "node:util";
import { readFlags } from "../search/command/command.ts";
import { type SearchConfig, searchCommand, toSearchConfig } from "../search/config.ts";
import { neededTeacherLayers } from "../search/distil/state-maps.ts";
import { openJournal } from "../search/explore/journal.ts";
import { runGroup } from "../search/explore/run-group.ts";
import { type Materials, prepare, teacherStates } from "../search/prepare.ts";
import { architectureKey } from "../search/space/space.ts";
import { teacherLatencyMs } from "../search/teacher/latency.ts";
import { budgetTokens } from "../search/timed-lengths.ts";
import { architectureName } from "../src/contract/architecture.ts";
import { must } from "../src/invariant.ts";
import { machine } from "../src/onnx/machine.ts";
import { recordingOrder, tabledSpace, tablePath } from "./controllers/table.ts";
import { dataFlags, dataFolders, printSets } from "./data-folders.ts";

/** Where data, teacher and runs are, for every bench that trains. */
export const benchFlags = {
  ...dataFlags,
  teacher: { type: "string", default: "models/teacher" },
  runs: { type: "string", default: "runs" },
  threads: { type: "string", default: "2" },
} as const;

export const flags = {
  ...benchFlags,
  out: { type: "string", default: tablePath },
  tokens: { type: "string", default: "40000" },
  limit: { type: "string", default: "100000" },
} as const;

/**
 * Records the table that `controllers` reads: a cheap but real trial (distillation from the teacher, int8 artefact, measured
 * latency) of every architecture of `tabledSpace`, one pass over `--tokens`. Resumes; `--limit` stops after so many. The teacher is taken as it is,
 * so that its states depend on nothing but its folder and the data.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: flags });
  const tokens = Number(values.tokens);
  const config = benchConfig(values, { proxyTokens: tokens, trialTokens: tokens });
  const materials = await benchMaterials(config);
  await record(config, materials, values.out, Number(values.limit));
}

/** Enough text of every data set for the proxy, and quick to read. */
const limits = {
  labelledPerLanguage: 300,
  validationPerLanguage: 40,
  languagePerLanguage: 30,
  unlabelledPerLanguage: 40,
};

/** The quick preset with less of the data, the teacher as it is, and other amounts of training. */
export function benchConfig(
  flags: {
    readonly data?: readonly string[] | undefined;
    readonly teacher: string;
    readonly runs: string;
    readonly threads: string;
  },
  effort: Partial<SearchConfig["effort"]>,
): SearchConfig {
  const { data, teacher, runs, threads } = flags;
  const given = ["--preset", "quick", "--teacher", teacher, "--runs", runs, "--threads", threads];
  const folders = dataFolders(data).map((folder) => `--data=${folder}`);
  const config = toSearchConfig(readFlags(searchCommand, [...given, ...folders], {}));
  return { ...config, effort: { ...config.effort, teacherTokens: 0, limits, ...effort } };
}

/** What a search prepares, and says of which sets. */
export async function benchMaterials(config: SearchConfig): Promise<Materials> {
  const materials = await prepare(config, console.log);
  printSets(materials.corpus.dataSets);
  return materials;
}

async function record(config: SearchConfig, materials: Materials, path: string, limit: number): Promise<void> {
  const { architecture: teacher } = materials.teacher;
  const { proxyTokens, trialTokens } = config.effort;
  const space = tabledSpace(teacher.vocabulary);
  const layers = neededTeacherLayers(space.layers, teacher.layers);
  const targets = await teacherStates(
    config,
    materials,
    { tokens: proxyTokens, seed: config.seed, layers },
    console.log,
  );
  const teacherMs = await teacherLatencyMs(materials.teacher, budgetTokens);
  const dataSets = materials.corpus.dataSets.map(({ name }) => name);
  const settings = { seed: config.seed, proxyTokens, trialTokens, dataSets, teacher, cpu: machine().cpu };
  const journal = openJournal(path, "record-trials", settings);
  const known = new Set(journal.trials.map((trial) => architectureKey(trial.architecture)));
  const left = recordingOrder(space).filter((architecture) => !known.has(architectureKey(architecture)));
  console.log(`${path}: ${known.size} trials recorded, ${left.length} left`);
  const alone = { episode: 0, threads: config.threads };
  const place = { ...alone, config, materials, targets, teacherMs, production: null, log: () => {} };
  for (const [done, architecture] of left.slice(0, limit).entries()) {
    const trial = must((await runGroup(place, [architecture]))[0]);
    journal.append(trial);
    const outcome =
      trial.status === "ok" ? `loss ${trial.loss.toFixed(4)} · ${trial.latencyMs.toFixed(3)} ms` : trial.reason;
    console.log(
      `${known.size + done + 1} · ${architectureName(architecture)} · ${outcome} · ${trial.seconds.toFixed(1)} s`,
    );
  }
  journal.close();
}
