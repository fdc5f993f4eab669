import { invariant } from "../../src/invariant.ts";
import type { Dims } from "../../src/onnx/value-info.ts";
import type { ElementType } from "./model-builder.ts";
import { ModelBuilder } from "./model-builder.ts";

/** A float32 tensor in the graph under construction. */
export interface Value {
  readonly name: string;
  /** Whether a gradient has to flow through it. */
  readonly tracked: boolean;
}

/** From the gradient of an operation's output to the gradients of its inputs (null where none is needed). */
type Backward = (gradient: string) => readonly (string | null)[];

interface TapeRecord {
  readonly output: string;
  readonly inputs: readonly Value[];
  readonly backward: Backward;
}

/**
 * Reverse-mode differentiation at graph-building time: every operation adds its forward nodes at once and leaves behind how
 * its backward nodes are to be added. `gradients()` then walks the tape from its end. The npm build of onnxruntime has
 * no gradient operators, so each backward is made of ordinary ones.
 */
export class Tape {
  readonly builder = new ModelBuilder();
  private readonly records: TapeRecord[] = [];
  private readonly trained: { name: string; dims: readonly number[] }[] = [];

  /** A graph input that is not learned. */
  input(name: string, dims: Dims, type: ElementType = "float32"): Value {
    return { name: this.builder.input(name, type, dims), tracked: false };
  }

  /** A graph input whose gradient is wanted, for example embedded tokens [rows, width] from a table outside the graph. */
  trackedInput(name: string, dims: Dims): Value {
    return { name: this.builder.input(name, "float32", dims), tracked: true };
  }

  /** A learned tensor: an input of the graph, with its gradient as an output. `frozen` ones get no gradient. */
  parameter(name: string, dims: readonly number[], frozen = false): Value {
    this.builder.input(name, "float32", dims);
    if (!frozen) this.trained.push({ name, dims });
    return { name, tracked: !frozen };
  }

  /** Names and shapes of the learned tensors, in the order in which they were made. */
  parameters(): readonly { readonly name: string; readonly dims: readonly number[] }[] {
    return this.trained;
  }

  /** Notes an operation. Its output is tracked when one of its inputs is. */
  record(output: string, inputs: readonly Value[], backward: Backward): Value {
    const tracked = inputs.some((input) => input.tracked);
    if (tracked) this.records.push({ output, inputs, backward });
    return { name: output, tracked };
  }

  /** Adds the backward nodes of `loss` (a scalar); the gradient of `x` becomes the output `grad:x` for every name in `of`. */
  gradients(loss: Value, of: readonly { readonly name: string; readonly dims: Dims }[]): void {
    const gradients = new Map<string, string[]>([[loss.name, [this.builder.scalar(1)]]]);
    for (const record of this.records.toReversed()) {
      const gradient = this.total(gradients.get(record.output));
      if (gradient === null) continue;
      const results = record.backward(gradient);
      invariant(results.length === record.inputs.length, "a backward returns one gradient an input");
      record.inputs.forEach((input, i) => {
        const result = results[i];
        if (!input.tracked || result === null || result === undefined) return;
        gradients.set(input.name, [...(gradients.get(input.name) ?? []), result]);
      });
    }
    for (const { name, dims } of of) this.emit(name, dims, this.total(gradients.get(name)));
  }

  private total(parts: readonly string[] | undefined): string | null {
    if (parts === undefined || parts.length === 0) return null;
    return parts.length === 1 ? (parts[0] as string) : this.builder.node("Sum", parts);
  }

  private emit(name: string, dims: Dims, gradient: string | null): void {
    invariant(gradient !== null, `no gradient reaches ${name}`);
    this.builder.rawNode("Identity", [gradient], [`grad:${name}`]);
    this.builder.output(`grad:${name}`, "float32", dims);
  }
}
