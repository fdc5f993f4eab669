import { must } from "../../src/invariant.ts";
import { elementTypes, type ModelBuilder } from "../graph/model-builder.ts";
import { quantizeBlocks, quantizeColumns, storedLimit, tableBlock } from "./quantize.ts";
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

  /**
   * A matrix for float32 products that takes a byte a number in an int8 graph: the runtime computes its floats once, when it loads the
   * graph, so that no text takes longer for it.
   */
  matrix(name: string): string {
    if (this.precision === "fp32") return this.constant(name);
    const { integers, scale } = this.quantized(name, storedLimit);
    return this.builder.node("Mul", [this.builder.node("Cast", [integers], { to: elementTypes.float32 }), scale]);
  }

  /** `x · weight + bias` over the last axis of x. */
  multiply(x: string, weight: string, bias: string | null): string {
    return this.precision === "int8" ? this.multiplyInt8(x, weight, bias) : this.multiplyFloat(x, weight, bias);
  }

  /** Rows of the token table, which holds 4 bits a number: ids [batch, tokens] to float32 [batch, tokens, width]. */
  tokenRows(ids: string): string {
    const b = this.builder;
    if (this.precision === "fp32") return b.node("Gather", [this.constant(tableName), ids]);
    const weight = weightOf(this.weights, tableName);
    const [rows, width] = [must(weight.dims[0]), must(weight.dims[1])];
    const { data, scales, blocks } = quantizeBlocks(weight);
    const table = b.initializer("table_int4", "uint8", [rows, width / 2], data);
    const scale = b.initializer("table_scale", "float32", [rows, blocks], scales);
    const attributes = { gather_axis: 0, quantize_axis: 1, block_size: tableBlock, bits: 4 };
    return b.node("GatherBlockQuantized", [table, ids, scale], attributes, "com.microsoft");
  }

  private multiplyFloat(x: string, weight: string, bias: string | null): string {
    const product = this.builder.node("MatMul", [x, this.constant(weight)]);
    return bias === null ? product : this.builder.node("Add", [product, this.constant(bias)]);
  }

  /** Activations are quantised per tensor at run time, weights ahead of time per column. */
  private multiplyInt8(x: string, weight: string, bias: string | null): string {
    const { integers, scale } = this.quantized(weight);
    const inputs = [x, integers, scale, "", ...(bias === null ? [] : [this.constant(bias)])];
    return this.builder.node("DynamicQuantizeMatMul", inputs, {}, "com.microsoft");
  }

  private quantized(name: string, limit?: number): { integers: string; scale: string } {
    const { dims, data, scales } = quantizeColumns(weightOf(this.weights, name), limit);
    return {
      integers: this.builder.initializer(`${name}_int8`, "int8", dims, data),
      scale: this.builder.initializer(`${name}_scale`, "float32", [scales.length], scales),
    };
  }
}
