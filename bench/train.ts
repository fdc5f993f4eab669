import { parseArgs } from "node:util";
import { syntheticTraining } from "../search/student/synthetic-training.ts";
import { type Architecture, architectureName } from "../src/contract/architecture.ts";
import { quantile } from "../src/stats.ts";
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

export const flags = {
  python: { type: "string", default: "python3" },
  threads: { type: "string", default: "2" },
  rounds: { type: "string", default: "5" },
  steps: { type: "string", default: "6" },
} as const;

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: flags });
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
  const engines: Record<string, Engine> = { kdnas: await createOurs(architecture, settings.threads) };
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

async function createOurs(architecture: Architecture, threads: number): Promise<Engine> {
  const { layers } = architecture;
  const training = await syntheticTraining(architecture, {
    rows,
    tokens,
    maps: Array.from({ length: layers }, (_, i) => ({ studentLayer: i + 1, teacherLayer: i + 1 })),
    teacherHidden,
    trainer: { positions, layerNormEpsilon: 1e-5, threads },
  });
  return {
    round: async (steps) => {
      const start = performance.now();
      for (let step = 0; step < steps; step++) await training.step();
      return (performance.now() - start) / 1000;
    },
    release: () => training.release(),
  };
}

function student(layers: number, hidden: number, heads: number): Architecture {
  return { layers, hidden, heads, ffn: 4 * hidden, activation: "gelu", tableWidth: hidden, vocabulary };
}
