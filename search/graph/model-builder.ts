import { ProtoWriter } from "../../src/onnx/protobuf.ts";
import { type Dims, valueInfo } from "../../src/onnx/value-info.ts";

/** ONNX element types that we use, by the numbers of `TensorProto.DataType`. */
export const elementTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10 } as const;
export type ElementType = keyof typeof elementTypes;

export type TensorData = Float32Array | Int8Array | Uint8Array | Int32Array | BigInt64Array | Uint16Array;
type Attribute = number | string | readonly number[];

/** Attributes that ONNX declares as floats, whatever the value looks like. */
const floatAttributes = new Set(["alpha", "beta", "epsilon", "scale", "mask_filter_value"]);

/**
 * Builds one ONNX graph (IR 9, opset 20, plus the runtime's own `com.microsoft` operators) and serialises it. Knows names
 * and bytes; it knows nothing of gradients or of what the graph is for.
 */
export class ModelBuilder {
  private readonly nodes: ProtoWriter[] = [];
  private readonly initializers: ProtoWriter[] = [];
  private readonly inputs: ProtoWriter[] = [];
  private readonly outputs: ProtoWriter[] = [];
  private readonly constants = new Map<string, string>();
  private counter = 0;

  /** A name nobody has yet. */
  fresh(hint: string): string {
    return `${hint}_${this.counter++}`;
  }

  input(name: string, type: ElementType, dims: Dims): string {
    this.inputs.push(valueInfo(name, elementTypes[type], dims));
    return name;
  }

  output(name: string, type: ElementType, dims: Dims): void {
    this.outputs.push(valueInfo(name, elementTypes[type], dims));
  }

  initializer(name: string, type: ElementType, dims: readonly number[], data: TensorData): string {
    const tensor = new ProtoWriter();
    for (const dim of dims) tensor.integer(1, dim);
    tensor.integer(2, elementTypes[type]).string(8, name);
    tensor.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    this.initializers.push(tensor);
    return name;
  }

  /** An int64 constant; equal ones are stored once. */
  integers(values: readonly number[]): string {
    return this.constant(`i${values.join("_")}`, "int64", [values.length], BigInt64Array.from(values, BigInt));
  }

  /** A float32 scalar constant; equal ones are stored once. */
  scalar(value: number): string {
    return this.constant(`f${value}`, "float32", [], Float32Array.of(value));
  }

  /** A scalar constant of one byte; equal ones are stored once. */
  byte(type: "int8" | "uint8", value: number): string {
    const data = type === "int8" ? Int8Array.of(value) : Uint8Array.of(value);
    return this.constant(`${type}_${value}`, type, [], data);
  }

  /** Adds a node with one output and returns that output's name. `""` marks an optional input that is left out. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = "",
  ): string {
    return this.nodeWith(opType, inputs, 1, attributes, domain)[0] as string;
  }

  /** Adds a node with several outputs. */
  nodeWith(
    opType: string,
    inputs: readonly string[],
    outputCount: number,
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = "",
  ): string[] {
    const outputs = Array.from({ length: outputCount }, () => this.fresh(opType.toLowerCase()));
    this.rawNode(opType, inputs, outputs, attributes, domain);
    return outputs;
  }

  /** Adds a node whose outputs carry given names. */
  rawNode(
    opType: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = "",
  ): void {
    const node = new ProtoWriter();
    for (const name of inputs) node.string(1, name);
    for (const name of outputs) node.string(2, name);
    node.string(3, this.fresh("node")).string(4, opType);
    for (const [name, value] of Object.entries(attributes)) node.message(5, attribute(name, value));
    if (domain !== "") node.string(7, domain);
    this.nodes.push(node);
  }

  toBytes(): Uint8Array {
    const graph = new ProtoWriter();
    for (const node of this.nodes) graph.message(1, node);
    graph.string(2, "kdnas");
    for (const tensor of this.initializers) graph.message(5, tensor);
    for (const info of this.inputs) graph.message(11, info);
    for (const info of this.outputs) graph.message(12, info);
    return new ProtoWriter()
      .integer(1, 9)
      .string(2, "kdnas")
      .message(7, graph)
      .message(8, opset("", 20))
      .message(8, opset("com.microsoft", 1))
      .toBytes();
  }

  private constant(key: string, type: ElementType, dims: readonly number[], data: TensorData): string {
    const known = this.constants.get(key);
    if (known !== undefined) return known;
    const name = this.initializer(`const_${key}`, type, dims, data);
    this.constants.set(key, name);
    return name;
  }
}

function opset(domain: string, version: number): ProtoWriter {
  return new ProtoWriter().string(1, domain).integer(2, version);
}

function attribute(name: string, value: Attribute): ProtoWriter {
  const out = new ProtoWriter().string(1, name);
  if (typeof value === "string") return out.string(4, value).integer(20, 3);
  if (typeof value !== "number") {
    for (const item of value) out.integer(8, item);
    return out.integer(20, 7);
  }
  return floatAttributes.has(name) ? out.float(2, value).integer(20, 1) : out.integer(3, value).integer(20, 2);
}
