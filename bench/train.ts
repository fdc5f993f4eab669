import { parseArgs } from "node:util";
import { Trainer } from "../search/student/trainer.ts";
import { type Objective, objectiveParameters } from "../search/student/training-graph.ts";
import { encoderParameters, initialWeight, sizeOf, tableName, type Weights } from "../search/student/weights.ts";
import { type Architecture, architectureName } from "../src/contract/architecture.ts";
import { type Feeds, Tensor } from "../src/onnx/session.ts";
import { createRandom, type Random } from "../src/random.ts";
import { quantile } from "../src/stats.ts";
import type { Batch } from "../src/text/batch.ts";
import { openTorch, type TorchRounds } from "./torch-rounds.ts";

/**
 * Training speed in tokens/s beside PyTorch on the same machine: distillation of every layer's states, forward, backward,
 * clipping and AdamW. Rounds of the two take turns, so that a busy machine slows both. Our side also gathers and updates
 * the rows of a token table; PyTorch's is given the embedded tokens and only computes their gradient.
 */
const rows = 32;
const tokens = 64;
const positions = 128;
const teacherHidden = 384;
const vocabulary = 30_000;

const students: readonly Architecture[] = [
  student(2, 128, 4),
  student(3, 256, 8),
  student(4, 312, 12),
  student(6, 384, 12),
];

interface Engine {
  /** Seconds that this many steps take. */
  round(steps: number): Promise<number>;
  release(): Promise<void>;
}

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      python: { type: "string", default: "python3" },
      threads: { type: "string", default: "2" },
      rounds: { type: "string", default: "5" },
      steps: { type: "string", default: "6" },
    },
  });
  const [threads, rounds, steps] = [Number(values.threads), Number(values.rounds), Number(values.steps)];
  const torch = await openTorch(values.python);
  console.log(torch === null ? `no PyTorch at ${values.python}: our side only` : `PyTorch ${torch.version}`);
  console.log(`batch ${rows} x ${tokens}, ${threads} threads, median of ${rounds} rounds of ${steps} steps, tokens/s`);
  for (const architecture of students) await compare(architecture, torch, { threads, rounds, steps });
  torch?.close();
}

interface Settings {
  readonly threads: number;
  readonly rounds: number;
  readonly steps: number;
}

async function compare(architecture: Architecture, torch: TorchRounds | null, settings: Settings): Promise<void> {
  const engines: Record<string, Engine> = { kdnas: createOurs(architecture, settings.threads) };
  if (torch !== null) engines.torch = createTorch(architecture, torch, settings.threads);
  const speeds = await takeTurns(engines, settings);
  for (const engine of Object.values(engines)) await engine.release();
  const ratio = speeds.torch === undefined ? "" : `ratio ${((speeds.kdnas ?? 0) / speeds.torch).toFixed(2)}`;
  const figures = Object.entries(speeds).map(([name, speed]) => `${name} ${speed.toFixed(0).padStart(6)}`);
  console.log(`${architectureName(architecture).padEnd(34)} ${figures.join("  ")}  ${ratio}`);
}

/** Median tokens/s of each engine; the first round of each is a warm-up. */
async function takeTurns(
  engines: Record<string, Engine>,
  { rounds, steps }: Settings,
): Promise<Record<string, number>> {
  const seconds: Record<string, number[]> = {};
  for (let round = 0; round <= rounds; round++) {
    for (const [name, engine] of Object.entries(engines)) {
      const taken = await engine.round(steps);
      if (round > 0) seconds[name] = [...(seconds[name] ?? []), taken];
    }
  }
  const toSpeed = (taken: readonly number[]) => (rows * tokens * steps) / quantile(taken, 0.5);
  return Object.fromEntries(Object.entries(seconds).map(([name, taken]) => [name, toSpeed(taken)]));
}

function createTorch(architecture: Architecture, torch: TorchRounds, threads: number): Engine {
  const { layers, hidden, heads, ffn } = architecture;
  const name = architectureName(architecture);
  const order = { name, layers, hidden, heads, ffn, rows, tokens, positions, target: teacherHidden, threads };
  return { round: (steps) => torch.round({ ...order, steps }), release: async () => {} };
}

function createOurs(architecture: Architecture, threads: number): Engine {
  const random = createRandom(0);
  const objective = distillation(architecture);
  const weights = randomWeights(architecture, objective, random);
  const options = { positions, layerNormEpsilon: 1e-5, threads };
  const trainer = new Trainer(architecture, weights, new Map([["distil", objective]]), options);
  const batch = randomBatch(random);
  const targets = randomTargets(architecture, random);
  return {
    round: async (steps) => {
      const start = performance.now();
      for (let step = 0; step < steps; step++) await trainer.step("distil", batch, targets, 1e-4);
      return (performance.now() - start) / 1000;
    },
    release: () => trainer.release(),
  };
}

function student(layers: number, hidden: number, heads: number): Architecture {
  return { layers, hidden, heads, ffn: 4 * hidden, activation: "gelu", tableWidth: hidden, vocabulary };
}

function distillation({ layers }: Architecture): Objective {
  const maps = Array.from({ length: layers }, (_, i) => ({ studentLayer: i + 1, teacherLayer: i + 1 }));
  return { kind: "distil", maps, teacherHidden };
}

function randomWeights(architecture: Architecture, objective: Objective, random: Random): Weights {
  const shapes = [...encoderParameters(architecture, positions), ...objectiveParameters(architecture, objective)];
  shapes.push({ name: tableName, dims: [vocabulary, architecture.tableWidth] });
  return new Map(shapes.map((shape) => [shape.name, initialWeight(shape, random)]));
}

function randomBatch(random: Random): Batch {
  const ids = Int32Array.from({ length: rows * tokens }, () => random.int(vocabulary));
  return { rows, tokens, ids, mask: new Float32Array(rows * tokens).fill(1) };
}

function randomTargets({ layers }: Architecture, random: Random): Feeds {
  const states = rows * tokens;
  const feeds: Record<string, Tensor> = { token_weight: floats([states, 1], () => 1 / states) };
  for (let layer = 1; layer <= layers; layer++) {
    feeds[`teacher_${layer}`] = floats([states, teacherHidden], () => random.normal());
  }
  return feeds;
}

function floats(dims: readonly number[], value: () => number): Tensor {
  return new Tensor("float32", Float32Array.from({ length: sizeOf(dims) }, value), dims);
}
