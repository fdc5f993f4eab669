import { BadFileError } from "../errors.ts";
import { type ProtoField, ProtoWriter, protoFields } from "./protobuf.ts";

/** What of an ONNX model one has to know to take it apart and put it together again. */

/** Numbers of fields in onnx.proto, by message. */
export const modelGraph = 7;
export const graphField = { node: 1, initializer: 5, input: 11, output: 12 } as const;
export const nodeField = { input: 1, output: 2, name: 3, operator: 4, attribute: 5 } as const;
const attributeField = { name: 1, integer: 3 } as const;
export const tensorField = { dims: 1, type: 2, name: 8, raw: 9 } as const;
/** Of a graph's input or output. */
export const inputName = 1;
/** `TensorProto.DataType`. */
export const float32 = 1;

/** A model's fields, its graph, and the graph's fields. @throws {RangeError} when it is no model. */
export function graphParts(model: Uint8Array) {
  const top = [...protoFields(model)];
  const graph = top.find(({ field }) => field === modelGraph);
  if (graph === undefined) throw new RangeError("the model has no graph");
  return { top, graph, parts: [...protoFields(graph.bytes)] };
}

/** What `read` makes of a file's graph. @throws {BadFileError} that names the file, when it makes nothing of it */
export function asGraphOf<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new BadFileError(`${path}: not an ONNX graph`, { cause });
  }
}

export interface Node {
  readonly operator: string;
  /** The first output. */
  readonly output: string;
  readonly inputs: readonly string[];
  /** Whole-number attributes. */
  readonly attributes: ReadonlyMap<string, number>;
}

export function readNode({ bytes }: ProtoField): Node {
  const fields = [...protoFields(bytes)];
  const attributes = fields
    .filter(({ field }) => field === nodeField.attribute)
    .map(({ bytes: attribute }) => {
      const integer = [...protoFields(attribute)].find(({ field }) => field === attributeField.integer)?.integer ?? 0;
      return [textIn(attribute, attributeField.name), integer] as const;
    });
  return {
    operator: textIn(bytes, nodeField.operator),
    output: textIn(bytes, nodeField.output),
    inputs: fields.filter(({ field }) => field === nodeField.input).map((input) => toText(input.bytes)),
    attributes: new Map(attributes),
  };
}

export function replaceGraph(top: readonly ProtoField[], old: ProtoField, graph: ProtoWriter): Uint8Array {
  const out = new ProtoWriter();
  for (const field of top) {
    if (field === old) out.message(modelGraph, graph);
    else out.whole(field);
  }
  return out.toBytes();
}

/** A message's first text of this field, or "". */
export function textIn(message: Uint8Array, field: number): string {
  for (const part of protoFields(message)) if (part.field === field) return toText(part.bytes);
  return "";
}

export function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}
