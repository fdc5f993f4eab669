import { Tape, type Value } from "../../../search/graph/tape.ts";
import { must } from "../../../src/invariant.ts";
import { type Feeds, openSession, Tensor } from "../../../src/onnx/session.ts";
import { createRandom } from "../../../src/random.ts";

/** Half the distance of the two points of a central difference: wide against float32 rounding, narrow against kinks of relu. */
const step = 2e-3;

/**
 * Largest difference between the graph's gradients `grad:<name>` and central differences of its output `loss`, relative to
 * 1 + |gradient|. Looks at `probes` entries of each input in `of`, all of them when there are no more.
 */
export async function gradientError(
  model: Uint8Array,
  feeds: Feeds,
  of: readonly string[],
  probes = 40,
): Promise<number> {
  const session = await openSession(model, { threads: 1 });
  const loss = async () => ((await session.run(feeds, ["loss"])).loss as Tensor).data[0] as number;
  const gradients = await session.run(feeds);
  const random = createRandom(17);
  let worst = 0;
  for (const name of of) {
    const values = must(feeds[name], `input ${name}`).data as Float32Array;
    const gradient = must(gradients[`grad:${name}`], `gradient of ${name}`).data as Float32Array;
    for (const i of chosen(values.length, probes, random.int)) {
      const value = must(values[i]);
      values[i] = value + step;
      const above = await loss();
      values[i] = value - step;
      const difference = (above - (await loss())) / (2 * step);
      values[i] = value;
      worst = Math.max(worst, Math.abs(difference - must(gradient[i])) / (1 + Math.abs(difference)));
    }
  }
  await session.release();
  return worst;
}

function chosen(length: number, probes: number, int: (bound: number) => number): number[] {
  return length <= probes ? Array.from({ length }, (_, i) => i) : Array.from({ length: probes }, () => int(length));
}

/** Wraps an operation of any output in a graph: its loss is the output's sum under fixed random weights. */
export class OperationCheck {
  readonly tape = new Tape();
  readonly feeds: Record<string, Tensor> = {};
  private readonly learned: { name: string; dims: readonly number[] }[] = [];
  private readonly random = createRandom(5);

  /** An input whose gradient is checked. No entry lies within 0.1 of 0, where `|x|` and relu have no derivative. */
  learn(name: string, dims: readonly number[]): Value {
    this.learned.push({ name, dims });
    this.feeds[name] = this.tensor(dims, () => {
      const x = this.random.normal();
      return x + Math.sign(x) * 0.1;
    });
    return this.tape.parameter(name, dims);
  }

  /** An input that has no gradient. */
  give(name: string, tensor: Tensor): Value {
    this.feeds[name] = tensor;
    return this.tape.input(name, tensor.dims, tensor.type as "float32" | "int64");
  }

  floats(dims: readonly number[], values: ArrayLike<number>): Tensor {
    return new Tensor("float32", Float32Array.from(values), [...dims]);
  }

  normals(dims: readonly number[]): Tensor {
    return this.tensor(dims, this.random.normal);
  }

  integers(values: readonly number[]): Tensor {
    return new Tensor("int64", BigInt64Array.from(values, BigInt), [values.length]);
  }

  /** @param output of the operation, with its shape; none when it is a scalar loss already. */
  error(output: Value, dims?: readonly number[]): Promise<number> {
    const loss = dims === undefined ? output : this.weighted(output, dims);
    this.tape.builder.rawNode("Identity", [loss.name], ["loss"]);
    this.tape.builder.output("loss", "float32", []);
    this.tape.gradients(loss, this.learned);
    return gradientError(
      this.tape.builder.toBytes(),
      this.feeds,
      this.learned.map(({ name }) => name),
    );
  }

  private weighted(output: Value, dims: readonly number[]): Value {
    const b = this.tape.builder;
    const weights = this.give("output_weights", this.normals(dims)).name;
    const total = b.node("ReduceSum", [b.node("Mul", [output.name, weights])], { keepdims: 0 });
    return this.tape.record(total, [output], (dy) => [b.node("Mul", [weights, dy])]);
  }

  private tensor(dims: readonly number[], value: () => number): Tensor {
    return this.floats(dims, Array.from({ length: dims.reduce((a, b) => a * b, 1) }, value));
  }
}
