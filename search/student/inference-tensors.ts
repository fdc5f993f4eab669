import { must } from "../../src/invariant.ts";
import type { ModelBuilder } from "../graph/model-builder.ts";
import { quantizeColumns, quantizeRows } from "./quantize.ts";
import { tableName, type Weights, weightOf } from "./weights.ts";

export type Precision = "fp32" | "int8";

/** Puts weights into an inference graph, in the precision that was asked for. Knows nothing of layers. */
export class TensorWriter {
  private readonly builder: ModelBuilder;
  private readonly weights: Weights;
  private readonly precision: Precision;
  private readonly written = new Set<string>();

  constructor(builder: ModelBuilder, weights: Weights, precision: Precision) {
    this.builder = builder;
    this.weights = weights;
    this.precision = precision;
  }

  /** A float32 constant. */
  constant(name: string): string {
    if (!this.written.has(name)) {
      const { dims, data } = weightOf(this.weights, name);
      this.builder.initializer(name, "float32", dims, data);
      this.written.add(name);
    }
    return name;
  }

  /** `x · weight + bias` over the last axis of x. */
  multiply(x: string, weight: string, bias: string | null): string {
    return this.precision === "int8" ? this.multiplyInt8(x, weight, bias) : this.multiplyFloat(x, weight, bias);
  }

  /** Rows of the token table: ids [batch, tokens] to float32 [batch, tokens, width]. */
  tokenRows(ids: string): string {
    const b = this.builder;
    if (this.precision === "fp32") return b.node("Gather", [this.constant(tableName), ids]);
    const { dims, data, scales } = quantizeRows(weightOf(this.weights, tableName));
    const table = b.initializer("table_int8", "int8", dims, data);
    const scaleColumn = b.initializer("table_scale", "float32", [must(dims[0]), 1], scales);
    const rows = b.node("Cast", [b.node("Gather", [table, ids])], { to: 1 });
    return b.node("Mul", [rows, b.node("Gather", [scaleColumn, ids])]);
  }

  private multiplyFloat(x: string, weight: string, bias: string | null): string {
    const product = this.builder.node("MatMul", [x, this.constant(weight)]);
    return bias === null ? product : this.builder.node("Add", [product, this.constant(bias)]);
  }

  /** Activations are quantised per tensor at run time, weights ahead of time per column. */
  private multiplyInt8(x: string, weight: string, bias: string | null): string {
    const b = this.builder;
    const { dims, data, scales } = quantizeColumns(weightOf(this.weights, weight));
    const matrix = b.initializer(`${weight}_int8`, "int8", dims, data);
    const scale = b.initializer(`${weight}_scale`, "float32", [scales.length], scales);
    const inputs = [x, matrix, scale, "", ...(bias === null ? [] : [this.constant(bias)])];
    return b.node("DynamicQuantizeMatMul", inputs, {}, "com.microsoft");
  }
}
