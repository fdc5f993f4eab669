import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import {
  type Controller,
  type ControllerKind,
  controllerKinds,
  createController,
} from "../search/controller/controller.ts";
import { bestPerBudget, budgetObjective, hypervolume } from "../search/reward/reward.ts";
import type { Objective, Trial } from "../search/space/trial.ts";
import { mean, quantile } from "../src/stats.ts";
import { linePlot } from "./controllers/line-plot.ts";
import { readTable, type Table, tablePath } from "./controllers/table.ts";

/**
 * Controllers at equal cost on recorded trials, over many seeds. What is compared: the area under the front within the largest
 * budget, as a share of what the whole table offers, after each trial; and at the end how much worse than the table's best
 * the winners of the budgets are.
 */
const budgetsMs = [0.1, 0.3, 1, 3];

interface Settings {
  readonly trials: number;
  readonly perEpisode: number;
}

/** By seed, the trials of a search in their order. */
type Searches = readonly (readonly Trial[])[];

export const flags = {
  table: { type: "string", default: tablePath },
  seeds: { type: "string", default: "20" },
  trials: { type: "string", default: "48" },
  "per-episode": { type: "string", default: "4" },
  kinds: { type: "string", default: controllerKinds.join(",") },
  plot: { type: "string", default: "docs/controllers.svg" },
} as const;

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: flags });
  const table = readTable(values.table);
  const settings = { trials: Number(values.trials), perEpisode: Number(values["per-episode"]) };
  const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
  console.log(`${table.trials.length} recorded trials · ${settings.trials} a search · ${seeds.length} seeds`);
  console.log(`${"".padEnd(12)}share of the attainable area after n trials, median (quartiles)`);
  const results = new Map<string, Searches>();
  for (const kind of values.kinds.split(",") as ControllerKind[]) {
    const searches: Trial[][] = [];
    for (const seed of seeds) searches.push(await search(kind, table, seed, settings));
    results.set(kind, searches);
    console.log(tableRow(kind, searches, table, settings));
  }
  mkdirSync(dirname(values.plot), { recursive: true });
  writeFileSync(values.plot, plotOf(results, table, settings));
  console.log(`plot in ${values.plot}`);
}

async function search(kind: ControllerKind, table: Table, seed: number, settings: Settings): Promise<Trial[]> {
  const controller = createController(kind, {
    space: table.space,
    seed,
    episodes: Math.ceil(settings.trials / settings.perEpisode),
    objectives: budgetsMs.map((budgetMs) => budgetObjective(budgetMs)) as [Objective, ...Objective[]],
  });
  const trials: Trial[] = [];
  for (let episode = 0; trials.length < settings.trials; episode++) {
    const wanted = Math.min(settings.perEpisode, settings.trials - trials.length);
    const told = (await recordedProposals(controller, table, wanted)).map((trial) => ({ ...trial, episode }));
    if (told.length === 0) break;
    await controller.tell(told);
    trials.push(...told);
  }
  return trials;
}

/** What the table does not hold is passed over and costs nothing: for every controller alike. */
async function recordedProposals(controller: Controller, table: Table, wanted: number): Promise<Trial[]> {
  const found: Trial[] = [];
  while (found.length < wanted) {
    const proposals = await controller.propose(wanted - found.length);
    if (proposals.length === 0) break;
    found.push(...proposals.flatMap((architecture) => table.lookUp(architecture) ?? []));
  }
  return found;
}

/** Share of the table's area after `count` trials, by seed. */
function areas(searches: Searches, table: Table, count: number): number[] {
  const reference = { loss: Math.max(...table.trials.map(({ loss }) => loss)), latencyMs: Math.max(...budgetsMs) };
  const whole = hypervolume(table.trials, reference);
  return searches.map((trials) => hypervolume(trials.slice(0, count), reference) / whole);
}

/** Mean over the budgets of how far the best loss lies above the table's, by seed. A budget that nothing meets counts the worst loss. */
function regrets(searches: Searches, table: Table): number[] {
  const worst = Math.max(...table.trials.map(({ loss }) => loss));
  const lossesOf = (trials: readonly Trial[]) =>
    bestPerBudget(trials, budgetsMs).map(({ trial }) => trial?.loss ?? worst);
  const least = lossesOf(table.trials);
  return searches.map((trials) => mean(lossesOf(trials).map((loss, i) => loss - (least[i] as number))));
}

function quartiles(values: readonly number[]): [low: number, middle: number, high: number] {
  return [quantile(values, 0.25), quantile(values, 0.5), quantile(values, 0.75)];
}

function tableRow(kind: string, searches: Searches, table: Table, { trials }: Settings): string {
  const cells = [0.25, 0.5, 1].map((share) => {
    const count = Math.round(share * trials);
    const [low, middle, high] = quartiles(areas(searches, table, count)).map((area) => area.toFixed(3));
    return `${count}: ${middle} (${low}–${high})`;
  });
  const [low, middle, high] = quartiles(regrets(searches, table)).map((regret) => regret.toFixed(4));
  return `${kind.padEnd(12)}${cells.join("   ")}   loss above the best per budget ${middle} (${low}–${high})`;
}

function plotOf(results: ReadonlyMap<string, Searches>, table: Table, { trials, perEpisode }: Settings): string {
  const counts = Array.from({ length: trials - perEpisode + 1 }, (_, i) => i + perEpisode);
  const series = [...results].map(([name, searches]) => ({
    name,
    points: counts.map((count) => [count, ...quartiles(areas(searches, table, count))] as const),
  }));
  return linePlot(series, {
    title: `Controllers on ${table.trials.length} recorded trials`,
    xLabel: "trials",
    yLabel: "share of the attainable area under the front (median and quartiles)",
  });
}
