import type { Architecture } from "../../src/contract/architecture.ts";
import { must } from "../../src/invariant.ts";
import { surfaceWidth } from "../../src/pairs/surface-features.ts";
import { activation } from "../graph/ops/activation.ts";
import { attention } from "../graph/ops/attention.ts";
import { absoluteDifference, add, concatColumns, multiply, scale, sum } from "../graph/ops/elementwise.ts";
import { int8Linear } from "../graph/ops/int8-linear.ts";
import { layerNorm } from "../graph/ops/layer-norm.ts";
import { linear } from "../graph/ops/linear.ts";
import { crossEntropy, squaredError } from "../graph/ops/loss.ts";
import { relationLoss } from "../graph/ops/relation.ts";
import { addPositions, pool, selectRows } from "../graph/ops/sequence.ts";
import { Tape, type Value } from "../graph/tape.ts";
import { encoderParameters, type HeadShape, hasProjection, headParameters, type ParameterShape } from "./weights.ts";

/** A student state that regresses, through a linear map, onto a teacher state. Layer 0 is the embeddings. */
export interface StateMap {
  readonly studentLayer: number | "pooled";
  readonly teacherLayer: number | "pooled";
}

/** The self-attention relations of a student's last layer follow those of a teacher layer (MiniLMv2). */
export interface RelationMap {
  readonly teacherLayer: number;
  /** Divides the hidden widths of both. */
  readonly heads: number;
}

/** What a training graph minimises. */
export type Objective =
  | { readonly kind: "task"; readonly head: HeadShape }
  | {
      readonly kind: "distil";
      readonly maps: readonly StateMap[];
      /** @default none */
      readonly relation?: RelationMap | null;
      readonly teacherHidden: number;
    };

export const stepPrecisions = ["fp32", "int8"] as const;
/** Of the matrix products in the encoder's layers, forward and backward; weights, moments and all else are fp32. @default "fp32" */
export type StepPrecision = (typeof stepPrecisions)[number];

export interface TrainingOptions {
  readonly positions: number;
  readonly layerNormEpsilon: number;
  /** Layers below this one, and the embeddings, get no gradient. @default 0 */
  readonly frozenLayers?: number;
  /** The token table is not learned, so the embedded tokens need no gradient. @default false */
  readonly frozenTable?: boolean;
  /** Leave the backward pass out: the graph then only gives the losses. @default false */
  readonly forwardOnly?: boolean;
  readonly precision?: StepPrecision | undefined;
}

export interface TrainingGraph {
  readonly model: Uint8Array;
  /** Learned tensors: inputs by name, gradients as outputs `grad:<name>`. */
  readonly trained: readonly ParameterShape[];
  /** Inputs that are weights but not learned here. */
  readonly frozen: readonly ParameterShape[];
  /** Whether the gradient of the embedded tokens is an output, `grad:embedded`. */
  readonly embeddedGradient: boolean;
  /** Outputs with the parts of the loss, by name; `loss` is their sum. */
  readonly losses: readonly string[];
}

/** Name of the relations' loss. */
export const relationName = "relation";

export function mapName(map: StateMap): string {
  return `map.${map.studentLayer}.${map.teacherLayer}`;
}

export function mapParameters(a: Architecture, map: StateMap, teacherHidden: number): ParameterShape[] {
  return [
    { name: `${mapName(map)}.weight`, dims: [a.hidden, teacherHidden] },
    { name: `${mapName(map)}.bias`, dims: [teacherHidden] },
  ];
}

/** Parameters of an objective beyond the encoder's. */
export function objectiveParameters(a: Architecture, objective: Objective): ParameterShape[] {
  return objective.kind === "task"
    ? headParameters(a, objective.head)
    : objective.maps.flatMap((map) => mapParameters(a, map, objective.teacherHidden));
}

/**
 * Forward, losses and backward of one objective as one graph. Inputs beside the parameters: `embedded` [batch · tokens,
 * tableWidth], the batch's shape (see `batch-feeds.ts`) and the targets: `target` [rows, labels] and `weight` [rows, 1] for
 * a task (`source_rows`, `target_rows` choose the rows of a pair, `surface` is what its texts look like), `teacher_<layer>` and
 * `token_weight` for distillation, `teacher_qkv` and `relation_weight` for relations.
 */
export function trainingGraph(a: Architecture, objective: Objective, options: TrainingOptions): TrainingGraph {
  const build = new GraphBuild(a, options, objective);
  const losses = objective.kind === "task" ? [build.taskLoss(objective.head)] : build.distilLosses(objective);
  return build.finish(losses);
}

/** The steps of building a training graph, with the tape and the parameters that they share. */
class GraphBuild {
  private readonly tape = new Tape();
  private readonly values = new Map<string, Value>();
  private readonly frozen: ParameterShape[] = [];
  private readonly trained: ParameterShape[] = [];
  private readonly a: Architecture;
  private readonly options: TrainingOptions;
  /**
   * Layer whose relations are imitated; none: -1. Its queries, keys and values are fp32 in any case: few tokens have most of the relations'
   * gradient, and in 8 bits the others have none (2x312, relations alone, 200,000 tokens: pooled loss .81, without this 1.01).
   */
  private readonly relatedLayer: number;

  constructor(a: Architecture, options: TrainingOptions, objective: Objective) {
    this.a = a;
    this.options = options;
    this.relatedLayer = objective.kind === "distil" && objective.relation ? a.layers - 1 : -1;
    for (const shape of encoderParameters(a, options.positions)) {
      this.declare(shape, isFrozenParameter(shape.name, options.frozenLayers ?? 0));
    }
  }

  taskLoss(head: HeadShape): { name: string; value: Value } {
    for (const shape of headParameters(this.a, head)) this.declare(shape, false);
    const pooled = this.pooled(this.states().at(-1) as Value);
    const features = head.input === "pair" ? this.pairFeatures(pooled) : pooled;
    const hidden = activation(this.tape, "relu", this.linear(features, `head.${head.task}.dense`));
    const logits = this.linear(hidden, `head.${head.task}.out`);
    const target = this.tape.input("target", ["rows", head.labels]);
    const weight = this.tape.input("weight", ["rows", 1]);
    return { name: head.task, value: crossEntropy(this.tape, logits, target.name, weight.name) };
  }

  distilLosses(objective: Extract<Objective, { kind: "distil" }>): { name: string; value: Value }[] {
    const { maps, relation = null, teacherHidden } = objective;
    const parts = maps.length + (relation === null ? 0 : 1);
    const states = this.states();
    const teacher = new Map<string, string>();
    const losses = maps.map((map) => {
      for (const shape of mapParameters(this.a, map, teacherHidden)) this.declare(shape, false);
      const state =
        map.studentLayer === "pooled" ? this.pooled(states.at(-1) as Value) : must(states[map.studentLayer]);
      const name = `teacher_${map.teacherLayer}`;
      if (!teacher.has(name)) teacher.set(name, this.tape.input(name, ["states", teacherHidden]).name);
      const weight = map.teacherLayer === "pooled" ? "row_weight" : "token_weight";
      if (!teacher.has(weight)) teacher.set(weight, this.tape.input(weight, ["states", 1]).name);
      const mapped = this.linear(state, mapName(map));
      const error = squaredError(this.tape, mapped, must(teacher.get(name)), weight, teacherHidden);
      return { name: mapName(map), value: scale(this.tape, error, 1 / parts) };
    });
    if (relation === null) return losses;
    const value = this.relation(relation, teacherHidden);
    return [...losses, { name: relationName, value: scale(this.tape, value, 1 / parts) }];
  }

  private relation({ heads }: RelationMap, teacherHidden: number): Value {
    const { tape, a } = this;
    const shape = {
      student: tape.input("shape_relation", [5], "int64").name,
      teacher: tape.input("shape_teacher_relation", [5], "int64").name,
      bias: "attention_bias",
      weight: tape.input("relation_weight", ["batch", 1, "tokens", 1]).name,
    };
    const said = tape.input("teacher_qkv", ["states", 3 * teacherHidden]).name;
    const widths = { heads, student: a.hidden, teacher: teacherHidden };
    return relationLoss(tape, must(this.values.get("qkv"), "a layer to relate"), said, shape, widths);
  }

  finish(losses: readonly { name: string; value: Value }[]): TrainingGraph {
    const { tape } = this;
    const embeddedGradient = this.values.has("embedded") && must(this.values.get("embedded")).tracked;
    const loss = sum(
      tape,
      losses.map((part) => part.value),
    );
    this.expose(loss, "loss");
    for (const part of losses) this.expose(part.value, `loss:${part.name}`);
    if (!this.options.forwardOnly) {
      const embedded = embeddedGradient ? [{ name: "embedded", dims: ["states", this.a.tableWidth] as const }] : [];
      tape.gradients(loss, [...this.trained, ...embedded]);
    }
    return {
      model: tape.builder.toBytes(),
      trained: this.trained,
      frozen: this.frozen,
      embeddedGradient,
      losses: losses.map((part) => `loss:${part.name}`),
    };
  }

  /** The embeddings and every layer's output, each [batch · tokens, hidden]. */
  private states(): Value[] {
    const { tape, a } = this;
    const embedded =
      this.options.frozenTable || (this.options.frozenLayers ?? 0) > 0
        ? tape.input("embedded", ["states", a.tableWidth])
        : tape.trackedInput("embedded", ["states", a.tableWidth]);
    this.values.set("embedded", embedded);
    if (a.layers === 0) return [embedded];
    const states = [this.embeddings(embedded)];
    const batch = {
      split: tape.input("shape_heads", [5], "int64").name,
      bias: tape.input("attention_bias", ["batch", 1, 1, "tokens"]).name,
    };
    for (let i = 0; i < a.layers; i++) states.push(this.layer(states.at(-1) as Value, i, batch));
    return states;
  }

  private embeddings(embedded: Value): Value {
    const { tape, a } = this;
    const feeds = {
      shape: tape.input("shape_table", [3], "int64").name,
      tokens: tape.input("token_count", [1], "int64").name,
      padding: tape.input("position_padding", [4], "int64").name,
    };
    const placed = addPositions(tape, embedded, this.value("position"), feeds, a.tableWidth);
    const projected = hasProjection(a) ? linear(tape, placed, this.value("project.weight"), null) : placed;
    return this.norm(projected, "embedNorm");
  }

  private layer(x: Value, index: number, batch: { split: string; bias: string }): Value {
    const { tape, a } = this;
    const at = `layer.${index}`;
    const qkv = index === this.relatedLayer ? this.linear(x, `${at}.qkv`) : this.layerLinear(x, `${at}.qkv`);
    this.values.set("qkv", qkv);
    const mixed = attention(tape, qkv, batch, a.hidden, a.heads);
    const middle = this.norm(add(tape, this.layerLinear(mixed, `${at}.out`), x), `${at}.norm1`);
    const active = activation(tape, a.activation, this.layerLinear(middle, `${at}.up`));
    return this.norm(add(tape, this.layerLinear(active, `${at}.down`), middle), `${at}.norm2`);
  }

  private pooled(x: Value): Value {
    const known = this.values.get("pooled");
    if (known) return known;
    const { tape, a } = this;
    const feeds = {
      shape: tape.input("shape_hidden", [3], "int64").name,
      weights: tape.input("pool_weight", ["batch", 1, "tokens"]).name,
    };
    const pooled = pool(tape, x, feeds, a.hidden);
    this.values.set("pooled", pooled);
    return pooled;
  }

  /**
   * [u, v, |u − v|, u ∘ v] of the rows that the 0/1 matrices `source_rows` and `target_rows` [pairs, batch] choose, and `surface`
   * [pairs, surfaceWidth].
   */
  private pairFeatures(pooled: Value): Value {
    const { tape, a } = this;
    const u = selectRows(tape, tape.input("source_rows", ["pairs", "batch"]).name, pooled);
    const v = selectRows(tape, tape.input("target_rows", ["pairs", "batch"]).name, pooled);
    const parts = [u, v, absoluteDifference(tape, u, v), multiply(tape, u, v)];
    const surface = { value: tape.input("surface", ["pairs", surfaceWidth]), width: surfaceWidth };
    return concatColumns(tape, [...parts.map((value) => ({ value, width: a.hidden })), surface]);
  }

  private linear(x: Value, name: string): Value {
    return linear(this.tape, x, this.value(`${name}.weight`), this.value(`${name}.bias`));
  }

  private layerLinear(x: Value, name: string): Value {
    if (this.options.precision !== "int8") return this.linear(x, name);
    return int8Linear(this.tape, x, this.value(`${name}.weight`), this.value(`${name}.bias`));
  }

  private norm(x: Value, name: string): Value {
    const [gamma, beta] = [this.value(`${name}.gamma`), this.value(`${name}.beta`)];
    return layerNorm(this.tape, x, gamma, beta, this.a.hidden, this.options.layerNormEpsilon);
  }

  private value(name: string): Value {
    return must(this.values.get(name), `parameter ${name}`);
  }

  private declare(shape: ParameterShape, frozen: boolean): void {
    this.values.set(shape.name, this.tape.parameter(shape.name, shape.dims, frozen));
    (frozen ? this.frozen : this.trained).push(shape);
  }

  private expose(value: Value, name: string): void {
    this.tape.builder.rawNode("Identity", [value.name], [name]);
    this.tape.builder.output(name, "float32", []);
  }
}

/** Whether an encoder parameter lies below the first learned layer. */
export function isFrozenParameter(name: string, frozenLayers: number): boolean {
  const layer = /^layer\.(\d+)\./.exec(name);
  return frozenLayers > 0 && (layer === null || Number(layer[1]) < frozenLayers);
}
