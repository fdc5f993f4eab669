import type { Architecture } from "../../src/contract/architecture.ts";
import { BadFileError } from "../../src/errors.ts";
import { invariant, must } from "../../src/invariant.ts";
import { type Feeds, openSession, type Session, Tensor } from "../../src/onnx/session.ts";
import type { Batch } from "../../src/text/batch.ts";
import { type Adamw, type AdamwParameter, adamwFloats, createAdamw } from "../graph/adamw.ts";
import { type Arena, createArena, paddedLength } from "../graph/arena.ts";
import { createRowAdam, gatherRows, type RowAdam, rowAdamFloats } from "../graph/row-adam.ts";
import { batchFeeds } from "./batch-feeds.ts";
import { createScratch } from "./scratch.ts";
import {
  isFrozenParameter,
  type Objective,
  objectiveParameters,
  type StepPrecision,
  type TrainingGraph,
  trainingGraph,
} from "./training-graph.ts";
import { encoderParameters, type ParameterShape, sizeOf, tableName, type Weights, weightOf } from "./weights.ts";

export interface TrainerOptions {
  readonly positions: number;
  readonly layerNormEpsilon: number;
  readonly threads: number;
  /** Layers below this one, and the embeddings, are not learned. @default 0 */
  readonly frozenLayers?: number;
  /** @default false */
  readonly frozenTable?: boolean;
  readonly precision?: StepPrecision | undefined;
  /** @default 0.01 */
  readonly weightDecay?: number;
  /** Global gradient norm above which gradients are scaled down. @default 1 */
  readonly clipNorm?: number;
  /** Learning rate of heads and maps, as a multiple. @default 5 */
  readonly headRate?: number;
}

export interface StepResult {
  readonly loss: number;
  /** Not finite when the step was skipped. */
  readonly gradientNorm: number;
}

/** Tokens of the largest batch; distinct rows of the token table in one step cannot be more. */
export const maximumBatchTokens = 8192;

interface Compiled {
  readonly graph: TrainingGraph;
  readonly session: Session;
  /** Weights by input name. */
  readonly feeds: Feeds;
  /** Gradients by output name, written in place; null where the runtime allocates. */
  readonly fetches: Readonly<Record<string, Tensor | null>>;
}

/**
 * Trains one encoder on any number of objectives that share it: each is a graph of its own over the same weights, so a step
 * pays for its objective only. Weights, gradients and moments live in one arena; the token table is learned lazily.
 */
export class Trainer {
  readonly architecture: Architecture;
  private readonly options: TrainerOptions;
  private readonly arena: Arena;
  private readonly encoder: Adamw | null;
  private readonly heads = new Map<string, Adamw>();
  private readonly frozen = new Map<string, Float32Array>();
  private readonly rowAdam: RowAdam | null;
  private readonly table: Float32Array;
  private readonly shapes: readonly ParameterShape[];
  private readonly objectives: ReadonlyMap<string, Objective>;
  private readonly scratch = createScratch();
  private readonly compiled = new Map<string, Compiled>();

  constructor(
    architecture: Architecture,
    weights: Weights,
    objectives: ReadonlyMap<string, Objective>,
    options: TrainerOptions,
  ) {
    this.architecture = architecture;
    this.options = options;
    this.objectives = objectives;
    const encoder = encoderParameters(architecture, options.positions);
    const learned = encoder.filter((shape) => !this.isFrozen(shape.name));
    const heads = [...objectives].map(([name, objective]) => ({
      name,
      shapes: objectiveParameters(architecture, objective),
    }));
    this.shapes = [...encoder, ...heads.flatMap((head) => head.shapes)];
    const tableShape = {
      rows: architecture.vocabulary,
      width: architecture.tableWidth,
      touchedRows: maximumBatchTokens,
    };
    this.arena = createArena(
      sum(heads.map((head) => adamwFloats(toParameters(head.shapes)))) +
        adamwFloats(toParameters(learned)) +
        sum(encoder.map((shape) => paddedLength(sizeOf(shape.dims)))) +
        (options.frozenTable ? 0 : rowAdamFloats(tableShape)),
    );
    this.encoder = learned.length === 0 ? null : createAdamw(this.arena, toParameters(learned));
    for (const shape of encoder) {
      if (this.isFrozen(shape.name)) this.frozen.set(shape.name, this.arena.allocate(sizeOf(shape.dims)));
    }
    for (const head of heads) this.heads.set(head.name, createAdamw(this.arena, toParameters(head.shapes)));
    this.rowAdam = options.frozenTable ? null : createRowAdam(this.arena, tableShape);
    this.table = this.rowAdam?.table ?? weightOf(weights, tableName).data;
    this.rowAdam?.table.set(weightOf(weights, tableName).data);
    for (const { name } of this.shapes) {
      const [own, { data }] = [this.parameter(name), weightOf(weights, name)];
      invariant(own.length === data.length, `${name} has ${own.length} numbers, not ${data.length}`);
      own.set(data);
    }
  }

  /** One step of AdamW on a batch. `targets` are the objective's own inputs (see `trainingGraph`). */
  async step(objective: string, batch: Batch, targets: Feeds, learningRate: number): Promise<StepResult> {
    const compiled = await this.compile(objective, false);
    const outputs = await this.run(compiled, batch, targets);
    const loss = scalarOf(outputs, "loss");
    if (this.rowAdam && compiled.graph.embeddedGradient) {
      this.rowAdam.scatterAdd(batch.ids, must(outputs["grad:embedded"]).data as Float32Array);
    }
    return { loss, gradientNorm: this.update(objective, learningRate) };
  }

  /** The losses on a batch, by name, without learning. */
  async losses(objective: string, batch: Batch, targets: Feeds): Promise<Record<string, number>> {
    const compiled = await this.compile(objective, true);
    const outputs = await this.run(compiled, batch, targets);
    return Object.fromEntries(["loss", ...compiled.graph.losses].map((name) => [name, scalarOf(outputs, name)]));
  }

  /** All weights, the token table included: live views, not copies. */
  weights(): Weights {
    const weights: Weights = new Map(this.shapes.map(({ name, dims }) => [name, { dims, data: this.parameter(name) }]));
    weights.set(tableName, { dims: [this.architecture.vocabulary, this.architecture.tableWidth], data: this.table });
    return weights;
  }

  /** Everything that changes with a step, by name, for a checkpoint. Live views. */
  state(): Map<string, Float32Array | Uint32Array> {
    const out = new Map<string, Float32Array | Uint32Array>();
    for (const [name, adamw] of this.optimizers()) {
      const { steps, parameters, firstMoments, secondMoments } = adamw.state();
      out.set(`${name}.steps`, Uint32Array.of(steps)).set(`${name}.parameters`, parameters);
      out.set(`${name}.first`, firstMoments).set(`${name}.second`, secondMoments);
    }
    if (this.rowAdam) {
      for (const [name, values] of Object.entries(this.rowAdam.state())) out.set(`rows.${name}`, values);
    }
    return out;
  }

  /** Takes over a state of the same model. @throws {BadFileError} when it is of another. */
  restore(state: ReadonlyMap<string, Float32Array | Uint32Array>): void {
    const get = <T>(name: string): T => {
      const values = state.get(name);
      if (values === undefined) throw new BadFileError(`a checkpoint of another model: it has no ${name}`);
      return values as T;
    };
    for (const [name, adamw] of this.optimizers()) {
      adamw.restore({
        steps: must(get<Uint32Array>(`${name}.steps`)[0]),
        parameters: get(`${name}.parameters`),
        firstMoments: get(`${name}.first`),
        secondMoments: get(`${name}.second`),
      });
    }
    this.rowAdam?.restore({
      table: get("rows.table"),
      firstMoments: get("rows.firstMoments"),
      secondMoments: get("rows.secondMoments"),
      updates: get("rows.updates"),
    });
  }

  async release(): Promise<void> {
    for (const { session } of this.compiled.values()) await session.release();
    this.compiled.clear();
  }

  private optimizers(): [string, Adamw][] {
    return [...(this.encoder ? ([["encoder", this.encoder]] as [string, Adamw][]) : []), ...this.heads];
  }

  /** Clips by one norm over encoder, head and token table; a gradient that is not finite anywhere skips the step everywhere. */
  private update(objective: string, learningRate: number): number {
    const { weightDecay = 0.01, clipNorm = 1, headRate = 5 } = this.options;
    const head = must(this.heads.get(objective), objective);
    const tableSquares = this.rowAdam?.pendingSquares() ?? 0;
    const encoderSquares = this.encoder?.gradientSquares() ?? 0;
    const common = { weightDecay, clipNorm };
    this.encoder?.step({ ...common, learningRate, otherSquares: tableSquares + head.gradientSquares() });
    const { gradientNorm, gradientScale } = head.step({
      ...common,
      learningRate: learningRate * headRate,
      otherSquares: tableSquares + encoderSquares,
    });
    if (Number.isFinite(gradientNorm)) this.rowAdam?.step({ learningRate, gradientScale });
    else this.rowAdam?.discard();
    return gradientNorm;
  }

  private run(compiled: Compiled, batch: Batch, targets: Feeds) {
    const dims = [batch.ids.length, this.architecture.tableWidth] as const;
    const embedded = this.scratch.floats("embedded", dims[0] * dims[1]);
    gatherRows(this.table, this.architecture.tableWidth, batch.ids, embedded);
    const all: Feeds = {
      ...batchFeeds(this.architecture, batch, embedded, this.options.positions),
      ...targets,
      ...compiled.feeds,
    };
    const feeds = Object.fromEntries(
      compiled.session.inputNames.map((name) => [name, must(all[name], `input ${name}`)]),
    );
    const gradient = "grad:embedded";
    const fetches = { ...compiled.fetches };
    if (gradient in fetches)
      fetches[gradient] = new Tensor("float32", this.scratch.floats(gradient, dims[0] * dims[1]), dims);
    return compiled.session.run(feeds, fetches);
  }

  private async compile(objective: string, forwardOnly: boolean): Promise<Compiled> {
    const key = `${objective}${forwardOnly ? ":forward" : ""}`;
    const known = this.compiled.get(key);
    if (known) return known;
    const graph = trainingGraph(this.architecture, must(this.objectives.get(objective), objective), {
      ...this.options,
      forwardOnly,
    });
    const session = await openSession(graph.model, { threads: this.options.threads });
    const feeds: Record<string, Tensor> = {};
    for (const { name, dims } of [...graph.trained, ...graph.frozen])
      feeds[name] = new Tensor("float32", this.parameter(name), dims);
    const fetches: Record<string, Tensor | null> = Object.fromEntries(session.outputNames.map((name) => [name, null]));
    if (!forwardOnly) {
      for (const { name, dims } of graph.trained)
        fetches[`grad:${name}`] = new Tensor("float32", this.gradient(name), dims);
    }
    const compiled = { graph, session, feeds, fetches };
    this.compiled.set(key, compiled);
    return compiled;
  }

  private parameter(name: string): Float32Array<ArrayBuffer> {
    return (this.frozen.get(name) ?? this.ownerOf(name).parameter(name)) as Float32Array<ArrayBuffer>;
  }

  private gradient(name: string): Float32Array<ArrayBuffer> {
    return this.ownerOf(name).gradient(name);
  }

  private ownerOf(name: string): Adamw {
    for (const [objective, adamw] of this.heads) {
      const shapes = objectiveParameters(this.architecture, must(this.objectives.get(objective)));
      if (shapes.some((shape) => shape.name === name)) return adamw;
    }
    return must(this.encoder, `owner of ${name}`);
  }

  private isFrozen(name: string): boolean {
    return isFrozenParameter(name, this.options.frozenLayers ?? 0);
  }
}

function toParameters(shapes: readonly ParameterShape[]): AdamwParameter[] {
  return shapes.map(({ name, dims }) => ({
    name,
    length: sizeOf(dims),
    decay: dims.length === 2 && name !== "position",
  }));
}

function scalarOf(outputs: Record<string, Tensor>, name: string): number {
  return (must(outputs[name], name).data as Float32Array)[0] as number;
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
