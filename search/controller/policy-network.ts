import { setThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { initializers, layers, type Sequential, sequential } from "@tensorflow/tfjs-layers";
import { invariant, must } from "../../src/invariant.ts";

/**
 * The network of the policy: one LSTM over a short sequence of steps and a linear layer that reads its last state.
 * Trained on all examples at once with Adam; seeded, on one thread, so that equal examples give equal weights. Knows
 * nothing about architectures or rewards.
 */
const UNITS = 24;
const TRAINING_STEPS = 120;
const LEARNING_RATE = 0.02;

export interface Example {
  /** The sequence; every step of every example has the same length. */
  readonly steps: readonly (readonly number[])[];
  readonly targets: readonly number[];
}

export interface Predictor {
  /** A row of targets for each sequence. */
  predict(sequences: readonly (readonly (readonly number[])[])[]): number[][];
  dispose(): void;
}

/** Fits the network to the examples; targets are standardised inside. */
export async function trainPredictor(examples: readonly Example[], seed: number): Promise<Predictor> {
  await startBackend();
  const scales = columnScales(examples.map((example) => example.targets));
  const model = createModel(must(examples[0]), seed);
  train(model, examples, scales);
  return {
    predict: (sequences) =>
      tf.tidy(() => {
        const output = model.predict(toTensor(sequences)) as tf.Tensor2D;
        return output
          .arraySync()
          .map((row) => row.map((value, i) => value * scaleOf(scales, i).deviation + scaleOf(scales, i).mean));
      }),
    dispose: () => void model.dispose(),
  };
}

function createModel(example: Example, seed: number): Sequential {
  const width = must(example.steps[0]).length;
  const model = sequential();
  model.add(
    layers.lstm({
      units: UNITS,
      inputShape: [example.steps.length, width],
      kernelInitializer: initializers.glorotUniform({ seed }),
      // the default, orthogonal, needs a tensor method that tfjs-core does not bring along
      recurrentInitializer: initializers.glorotUniform({ seed: seed + 1 }),
    }),
  );
  model.add(
    layers.dense({ units: example.targets.length, kernelInitializer: initializers.glorotUniform({ seed: seed + 2 }) }),
  );
  return model;
}

function train(model: Sequential, examples: readonly Example[], scales: readonly Scale[]): void {
  const inputs = toTensor(examples.map((example) => example.steps));
  const targets = tf.tensor2d(
    examples.map(({ targets }) => targets.map((t, i) => (t - scaleOf(scales, i).mean) / scaleOf(scales, i).deviation)),
  );
  const optimizer = tf.train.adam(LEARNING_RATE);
  const weights = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  for (let i = 0; i < TRAINING_STEPS; i++) {
    tf.tidy(() => {
      const loss = () =>
        tf.losses.meanSquaredError(targets, model.apply(inputs, { training: true }) as tf.Tensor) as tf.Scalar;
      optimizer.minimize(loss, false, weights);
    });
  }
  optimizer.dispose();
  tf.dispose([inputs, targets]);
}

function toTensor(sequences: readonly (readonly (readonly number[])[])[]): tf.Tensor3D {
  return tf.tensor3d(sequences as number[][][]);
}

interface Scale {
  readonly mean: number;
  readonly deviation: number;
}

function columnScales(rows: readonly (readonly number[])[]): Scale[] {
  return must(rows[0]).map((_, column) => {
    const values = rows.map((row) => must(row[column]));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    return { mean, deviation: Math.sqrt(variance) || 1 };
  });
}

function scaleOf(scales: readonly Scale[], column: number): Scale {
  return must(scales[column]);
}

let backend: Promise<string> | undefined;

/**
 * The native backend where `@tensorflow/tfjs-node` is installed (it is optional: it needs a build or a download), else
 * WebAssembly, which trains this LSTM 3 to 6 times as fast as plain JavaScript, else plain JavaScript.
 */
export function startBackend(): Promise<string> {
  backend ??= selectBackend();
  return backend;
}

async function selectBackend(): Promise<string> {
  // without this tfjs prints an advertisement for tfjs-node
  tf.enableProdMode();
  setThreadsCount(1);
  const native = (await importNative()) ? ["tensorflow"] : [];
  for (const name of [...native, "wasm", "cpu"]) {
    if (await tf.setBackend(name)) return name;
  }
  invariant(false, "no backend of tfjs starts");
}

async function importNative(): Promise<boolean> {
  // held in a variable because the package is not among the dependencies, so its types cannot be looked up
  const name = "@tensorflow/tfjs-node";
  try {
    await import(name);
    return true;
  } catch {
    return false;
  }
}
