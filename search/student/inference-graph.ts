import type { Architecture } from "../../src/contract/architecture.ts";
import { logitsName } from "../../src/contract/graph-files.ts";
import { must } from "../../src/invariant.ts";
import { surfaceWidth } from "../../src/pairs/surface-features.ts";
import { elementTypes, ModelBuilder } from "../graph/model-builder.ts";
import { type Precision, TensorWriter } from "./inference-tensors.ts";
import { type HeadShape, hasProjection, vectorInputs, type Weights, weightOf } from "./weights.ts";

export interface InferenceOptions {
  readonly precision: Precision;
  readonly layerNormEpsilon: number;
  /** Heads over single texts; each becomes the output `logits_<task>` [batch, labels]. */
  readonly heads: readonly HeadShape[];
  /** Also give every hidden state as `hidden_<i>` [batch, tokens, hidden], 0 = the embeddings. @default false */
  readonly hiddenStates?: boolean;
  /** Layers, counted from 1, whose queries, keys and values are given as `qkv_<i>` [batch, tokens, 3 · hidden]. @default none */
  readonly relationLayers?: readonly number[];
  /** Leave the token table outside: the graph then takes `embedded` float32 [batch, tokens, tableWidth]. @default false */
  readonly tableOutside?: boolean;
}

/**
 * The graph that is served and timed: `ids` int32 and `mask` float32 [batch, tokens] to `pooled` [batch, hidden] and logits.
 * Post-norm BERT layers (Devlin et al. 2019), written with the runtime's fused operators; weights are constants in it.
 */
export function inferenceGraph(a: Architecture, weights: Weights, options: InferenceOptions): Uint8Array {
  const b = new ModelBuilder();
  const writer = new TensorWriter(b, weights, options.precision);
  const embedded = options.tableOutside
    ? b.input("embedded", "float32", ["batch", "tokens", a.tableWidth])
    : writer.tokenRows(b.input("ids", "int32", ["batch", "tokens"]));
  const mask = b.input("mask", "float32", ["batch", "tokens"]);
  const states = a.layers === 0 ? [embedded] : encoderStates(b, writer, a, { embedded, mask, options });
  if (options.hiddenStates) {
    for (const [i, state] of states.entries()) expose(b, state, `hidden_${i}`, ["batch", "tokens", a.hidden]);
  }
  const pooled = meanOverTokens(b, states.at(-1) as string, mask);
  expose(b, pooled, "pooled", ["batch", a.hidden]);
  for (const head of options.heads)
    expose(b, headLogits(b, writer, pooled, head), logitsName(head.task), ["batch", head.labels]);
  return b.toBytes();
}

/**
 * The graph of a task over pairs: `source` and `target` [batch, hidden], pooled vectors, and `surface` [batch, surfaceWidth] to
 * `logits_<task>`. A head of before there were surface features takes none.
 */
export function pairGraph(a: Architecture, weights: Weights, head: HeadShape, precision: Precision): Uint8Array {
  const b = new ModelBuilder();
  const source = b.input("source", "float32", ["batch", a.hidden]);
  const target = b.input("target", "float32", ["batch", a.hidden]);
  const distance = b.node("Abs", [b.node("Sub", [source, target])]);
  const product = b.node("Mul", [source, target]);
  const inputs = must(weightOf(weights, `head.${head.task}.dense.weight`).dims[0]);
  const surface = inputs > vectorInputs(a) ? [b.input("surface", "float32", ["batch", surfaceWidth])] : [];
  const features = b.node("Concat", [source, target, distance, product, ...surface], { axis: 1 });
  const logits = headLogits(b, new TensorWriter(b, weights, precision), features, head);
  expose(b, logits, logitsName(head.task), ["batch", head.labels]);
  return b.toBytes();
}

/**
 * The graph of tasks that were learned on a finished encoder: `pooled` [batch, hidden] to `logits_<task>` of each. In float32: it is written
 * again with each task that is added, and the others' answers stay as they are.
 */
export function headsGraph(a: Architecture, weights: Weights, heads: readonly HeadShape[]): Uint8Array {
  const b = new ModelBuilder();
  const pooled = b.input("pooled", "float32", ["batch", a.hidden]);
  const writer = new TensorWriter(b, weights, "fp32");
  for (const head of heads)
    expose(b, headLogits(b, writer, pooled, head), logitsName(head.task), ["batch", head.labels]);
  return b.toBytes();
}

function expose(b: ModelBuilder, value: string, name: string, dims: readonly (number | string)[]): void {
  b.rawNode("Identity", [value], [name]);
  b.output(name, "float32", dims);
}

function encoderStates(
  b: ModelBuilder,
  writer: TensorWriter,
  a: Architecture,
  feeds: { embedded: string; mask: string; options: InferenceOptions },
): string[] {
  const { layerNormEpsilon: epsilon, relationLayers = [] } = feeds.options;
  const tokens = b.node("Shape", [feeds.mask], { start: 1, end: 2 });
  const positions = b.node("Slice", [writer.constant("position"), b.integers([0]), tokens, b.integers([0])]);
  const placed = b.node("Add", [feeds.embedded, positions]);
  const projected = hasProjection(a) ? writer.multiply(placed, "project.weight", null) : placed;
  let x = b.node(
    "LayerNormalization",
    [projected, writer.constant("embedNorm.gamma"), writer.constant("embedNorm.beta")],
    { axis: -1, epsilon },
  );
  const states = [x];
  const padding = b.node("Cast", [feeds.mask], { to: elementTypes.int32 });
  for (let i = 0; i < a.layers; i++) {
    const qkv = writer.multiply(x, `layer.${i}.qkv.weight`, `layer.${i}.qkv.bias`);
    if (relationLayers.includes(i + 1)) expose(b, qkv, `qkv_${i + 1}`, ["batch", "tokens", 3 * a.hidden]);
    x = layer(b, writer, a, { x, qkv }, { at: `layer.${i}`, padding, epsilon });
    states.push(x);
  }
  return states;
}

function layer(
  b: ModelBuilder,
  writer: TensorWriter,
  a: Architecture,
  { x, qkv }: { x: string; qkv: string },
  { at, padding, epsilon }: { at: string; padding: string; epsilon: number },
): string {
  const [q, k, v] = b.nodeWith("Split", [qkv, b.integers([a.hidden, a.hidden, a.hidden])], 3, { axis: -1 }) as [
    string,
    string,
    string,
  ];
  const mixed = b.node("MultiHeadAttention", [q, k, v, "", padding], { num_heads: a.heads }, "com.microsoft");
  const attended = writer.multiply(mixed, `${at}.out.weight`, `${at}.out.bias`);
  const middle = addAndNorm(attended, x, `${at}.norm1`);
  const wide = writer.multiply(middle, `${at}.up.weight`, `${at}.up.bias`);
  const active = a.activation === "relu" ? b.node("Relu", [wide]) : b.node("Gelu", [wide], {}, "com.microsoft");
  return addAndNorm(writer.multiply(active, `${at}.down.weight`, `${at}.down.bias`), middle, `${at}.norm2`);

  function addAndNorm(value: string, skip: string, norm: string): string {
    // The runtime's operator for both is several times slower than the two; it would fuse an Add into it, but not a Sum.
    const inputs = [b.node("Sum", [value, skip]), writer.constant(`${norm}.gamma`), writer.constant(`${norm}.beta`)];
    return b.node("LayerNormalization", inputs, { axis: -1, epsilon });
  }
}

/** Σ mask · x / Σ mask: [batch, tokens, width] to [batch, width]. */
function meanOverTokens(b: ModelBuilder, x: string, mask: string): string {
  const sums = b.node("Squeeze", [
    b.node("MatMul", [b.node("Unsqueeze", [mask, b.integers([1])]), x]),
    b.integers([1]),
  ]);
  return b.node("Div", [sums, b.node("ReduceSum", [mask, b.integers([1])], { keepdims: 1 })]);
}

/** The heads compute in float32: they are a fraction of the work and carry the last digits of the score. */
function headLogits(b: ModelBuilder, writer: TensorWriter, features: string, head: HeadShape): string {
  const linear = (x: string, part: string) => {
    const at = `head.${head.task}.${part}`;
    return b.node("Gemm", [x, writer.matrix(`${at}.weight`), writer.constant(`${at}.bias`)]);
  };
  return linear(b.node("Relu", [linear(features, "dense")]), "out");
}
