import { type ProtoField, ProtoWriter, protoFields } from "../src/onnx/protobuf.ts";
import { valueInfo } from "../src/onnx/value-info.ts";

/**
 * Takes the token tables out of a graph: constants whose rows are looked up by the graph's ids become inputs, so that whoever
 * runs it gives only the rows of the batch, and ids that count them. The runtime copies constants into every
 * session; outside of it all threads share one table, and what is left opens in a fraction of the time. The
 * operators and the numbers that they see are the same.
 */
export interface LiftedGraph {
  /** The model without its tables. */
  readonly model: Uint8Array;
  /** Name of the input that holds the ids; empty when nothing was taken out. */
  readonly ids: string;
  readonly tables: readonly Table[];
}

export interface Table {
  /** Name of the input that takes the rows [ids, width]. */
  readonly name: string;
  readonly type: TableType;
  readonly rows: number;
  readonly width: number;
  /** Row-major, little-endian. */
  readonly bytes: Uint8Array;
}

export type TableType = "float32" | "int8" | "uint8";

/** Numbers of fields in onnx.proto, by message. */
const modelGraph = 7;
const graphField = { node: 1, initializer: 5, input: 11 } as const;
const nodeField = { input: 1, operator: 4, attribute: 5 } as const;
const attributeField = { name: 1, integer: 3 } as const;
const tensorField = { dims: 1, type: 2, name: 8, raw: 9 } as const;
const inputName = 1;

const tableTypes: ReadonlyMap<number, TableType> = new Map([
  [1, "float32"],
  [2, "uint8"],
  [3, "int8"],
]);

/** Operators that look up rows by their second input, and the attribute that must be 0 for it. */
const lookups: ReadonlyMap<string, string> = new Map([
  ["Gather", "axis"],
  ["GatherBlockQuantized", "gather_axis"],
]);

/** @throws {RangeError} when the model is no ONNX model. */
export function liftTables(model: Uint8Array): LiftedGraph {
  const top = [...protoFields(model)];
  const graph = top.find(({ field }) => field === modelGraph);
  if (graph === undefined) throw new RangeError("the model has no graph");
  const parts = [...protoFields(graph.bytes)];
  const ids = parts.filter(({ field }) => field === graphField.input).map(({ bytes }) => textIn(bytes, inputName));
  for (const name of ids) {
    const found = tablesOf(parts, name);
    if (found.length > 0)
      return { model: replaceGraph(top, graph, withoutTables(parts, found)), ids: name, tables: found };
  }
  return { model, ids: "", tables: [] };
}

interface FoundTable extends Table {
  readonly elementType: number;
}

/** The constants that this input's ids look rows up in; none when the ids, or one of the constants, serve for more. */
function tablesOf(parts: readonly ProtoField[], ids: string): FoundTable[] {
  const nodes = parts.filter(({ field }) => field === graphField.node).map(readNode);
  const users = nodes.filter(({ inputs }) => inputs.includes(ids));
  if (!users.every((node) => isLookup(node, ids))) return [];
  const names = users.flatMap(({ inputs }) => inputs.filter((name) => name !== ids && name !== ""));
  const usedOnce = (name: string) =>
    nodes.flatMap(({ inputs }) => inputs).filter((other) => other === name).length === 1;
  const tables = parts
    .filter(({ field, bytes }) => field === graphField.initializer && names.includes(textIn(bytes, tensorField.name)))
    .flatMap(({ bytes }) => toTable(bytes));
  const whole = tables.length === names.length && names.every(usedOnce);
  return whole && new Set(tables.map(({ rows }) => rows)).size === 1 ? tables : [];
}

interface Node {
  readonly operator: string;
  readonly inputs: readonly string[];
  /** Whole-number attributes. */
  readonly attributes: ReadonlyMap<string, number>;
}

function readNode({ bytes }: ProtoField): Node {
  const fields = [...protoFields(bytes)];
  const attributes = fields
    .filter(({ field }) => field === nodeField.attribute)
    .map(({ bytes: attribute }) => {
      const integer = [...protoFields(attribute)].find(({ field }) => field === attributeField.integer)?.integer ?? 0;
      return [textIn(attribute, attributeField.name), integer] as const;
    });
  return {
    operator: textIn(bytes, nodeField.operator),
    inputs: fields.filter(({ field }) => field === nodeField.input).map((input) => toText(input.bytes)),
    attributes: new Map(attributes),
  };
}

function isLookup({ operator, inputs, attributes }: Node, ids: string): boolean {
  const axis = lookups.get(operator);
  return axis !== undefined && (attributes.get(axis) ?? 0) === 0 && inputs.indexOf(ids) === 1;
}

/** Empty when it is no matrix of a type that we can look up. */
function toTable(tensor: Uint8Array): FoundTable[] {
  const fields = [...protoFields(tensor)];
  const [rows, width, ...more] = fields.filter(({ field }) => field === tensorField.dims).map(({ integer }) => integer);
  const elementType = fields.find(({ field }) => field === tensorField.type)?.integer ?? 0;
  const bytes = fields.find(({ field }) => field === tensorField.raw)?.bytes;
  const type = tableTypes.get(elementType);
  if (!rows || !width || more.length > 0 || type === undefined || bytes === undefined) return [];
  return [{ name: textIn(tensor, tensorField.name), type, rows, width, bytes, elementType }];
}

function withoutTables(parts: readonly ProtoField[], tables: readonly FoundTable[]): ProtoWriter {
  const gone = new Set(tables.map(({ name }) => name));
  const graph = new ProtoWriter();
  for (const part of parts) {
    if (part.field !== graphField.initializer || !gone.has(textIn(part.bytes, tensorField.name))) graph.whole(part);
  }
  for (const { name, elementType, width } of tables)
    graph.message(graphField.input, valueInfo(name, elementType, ["rows", width]));
  return graph;
}

function replaceGraph(top: readonly ProtoField[], old: ProtoField, graph: ProtoWriter): Uint8Array {
  const out = new ProtoWriter();
  for (const field of top) {
    if (field === old) out.message(modelGraph, graph);
    else out.whole(field);
  }
  return out.toBytes();
}

/** A message's first text of this field, or "". */
function textIn(message: Uint8Array, field: number): string {
  for (const part of protoFields(message)) if (part.field === field) return toText(part.bytes);
  return "";
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}
