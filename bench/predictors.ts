import { parseArgs } from "node:util";
import { type Belief, fitRegression } from "../search/controller/gaussian-process.ts";
import { trainPredictor } from "../search/controller/policy-network.ts";
import { encode } from "../search/space/space.ts";
import type { OkTrial } from "../search/space/trial.ts";
import type { Architecture } from "../src/contract/architecture.ts";
import { must } from "../src/invariant.ts";
import { createRandom, shuffle } from "../src/random.ts";
import { mean, quantile } from "../src/stats.ts";
import { readTable, tabledSpace, tablePath } from "./controllers/table.ts";
import { kendallTau } from "./proxy/rank-correlation.ts";

/**
 * How well the loss of architectures is predicted from a few recorded trials of others: the Gaussian processes of the `bayesian`
 * controller beside an ensemble of small networks, each trained on a bootstrap sample. Medians over seeds.
 */
type Predict = (known: readonly OkTrial[], unseen: readonly OkTrial[], seed: number) => Promise<Belief[]> | Belief[];

const networks = 5;

function featuresOf(architecture: Architecture): number[] {
  return encode(tabledSpace(architecture.vocabulary), architecture);
}

const predictors: Readonly<Record<string, Predict>> = {
  "gaussian processes": (known, unseen, seed) => {
    const examples = known.map(({ architecture, loss }) => ({
      features: featuresOf(architecture),
      value: loss,
      group: 0,
    }));
    const places = unseen.map(({ architecture }) => ({ features: featuresOf(architecture), group: 0 }));
    return fitRegression(examples, createRandom(seed)).predict(places);
  },
  "bootstrapped networks": async (known, unseen, seed) => {
    const random = createRandom(seed);
    const rows: number[][] = [];
    for (let i = 0; i < networks; i++) {
      const sample = known.map(() => must(known[random.int(known.length)]));
      const examples = sample.map(({ architecture, loss }) => ({ steps: [featuresOf(architecture)], targets: [loss] }));
      const network = await trainPredictor(examples, seed + 100 * i);
      rows.push(
        network.predict(unseen.map(({ architecture }) => [featuresOf(architecture)])).map(([loss]) => must(loss)),
      );
      network.dispose();
    }
    return unseen.map((_, i) => spreadOf(rows.map((row) => must(row[i]))));
  },
};

export const flags = {
  table: { type: "string", default: tablePath },
  known: { type: "string", default: "10,20,40,60" },
  seeds: { type: "string", default: "10" },
} as const;

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: flags });
  const { trials } = readTable(values.table);
  console.log(`${trials.length} recorded trials`);
  console.log("                        known   τ of the others   error / deviation   within 2 deviations");
  for (const count of values.known.split(",").map(Number)) {
    for (const [name, predict] of Object.entries(predictors)) {
      const rows: number[][] = [];
      for (let seed = 1; seed <= Number(values.seeds); seed++) rows.push(await judge(predict, trials, count, seed));
      const [tau, error, inside] = [0, 1, 2].map((at) =>
        quantile(
          rows.map((row) => must(row[at])),
          0.5,
        ).toFixed(2),
      );
      console.log(
        `${name.padEnd(24)}${String(count).padStart(5)}   ${tau?.padStart(15)}   ${error?.padStart(17)}   ${inside}`,
      );
    }
  }
}

/** Kendall's τ, root mean square error as a share of the losses' deviation, share of losses within two deviations. */
async function judge(predict: Predict, trials: readonly OkTrial[], count: number, seed: number): Promise<number[]> {
  const order = shuffle([...trials], createRandom(seed));
  const [known, unseen] = [order.slice(0, count), order.slice(count)];
  const beliefs = await predict(known, unseen, seed);
  const losses = unseen.map(({ loss }) => loss);
  const errors = beliefs.map((belief, i) => belief.mean - must(losses[i]));
  const inside = errors.filter((error, i) => Math.abs(error) < 2 * must(beliefs[i]).deviation);
  const rootMeanSquare = Math.sqrt(mean(errors.map((error) => error * error)));
  return [
    kendallTau(
      beliefs.map((belief) => belief.mean),
      losses,
    ),
    rootMeanSquare / spreadOf(losses).deviation,
    inside.length / errors.length,
  ];
}

function spreadOf(values: readonly number[]): Belief {
  const centre = mean(values);
  return { mean: centre, deviation: Math.sqrt(mean(values.map((value) => (value - centre) ** 2))) };
}
