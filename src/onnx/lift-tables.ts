import { must } from "../invariant.ts";
import {
  float32,
  graphField,
  graphParts,
  inputName,
  type Node,
  nodeField,
  readNode,
  replaceGraph,
  tensorField,
  textIn,
} from "./graph-parts.ts";
import { liftMean } from "./lift-mean.ts";
import { type ProtoField, ProtoWriter, protoFields } from "./protobuf.ts";
import { valueInfo } from "./value-info.ts";

/**
 * Takes the token tables out of a graph. A table of 4-bit blocks goes with its lookup, whose result becomes the input: the
 * runtime's operator takes 70 µs for 32 tokens, ours 10. Where the graph takes the mean of the rows and no more, that goes
 * too. Other constants whose rows are looked up by the graph's ids become inputs themselves, so that whoever runs it gives only
 * the rows of the batch, and ids that count them. The runtime copies constants into every session; outside of it all threads
 * share one table, and what is left opens in a fraction of the time. The numbers that the rest of the graph sees are the same,
 * means but for their rounding.
 */
export interface LiftedGraph {
  /** The model without its tables. */
  readonly model: Uint8Array;
  readonly tables: readonly Table[];
}

export interface Table {
  /**
   * Name of the input that takes the rows [ids, width]; of 4-bit numbers the decoded ones, float32 [batch, tokens, width], or
   * with a mask their mean, float32 [batch, width].
   */
  readonly name: string;
  /** Name of the input that holds the rows' ids. */
  readonly ids: string;
  readonly type: TableType;
  readonly rows: number;
  readonly width: number;
  /** Row-major, little-endian. */
  readonly bytes: Uint8Array;
  /** Of a table of 4-bit numbers. */
  readonly blocks: Blocks | null;
  /** Name of the input that says which tokens count, where all that the graph takes of the rows is their mean over these. */
  readonly mask: string | null;
}

/** Number = scale of its block · (nibble − 8); the lower nibble of a byte comes first. */
export interface Blocks {
  /** Numbers that share a scale. */
  readonly size: number;
  /** float32 [rows, ⌈width / size⌉], little-endian. */
  readonly scales: Uint8Array;
}

export type TableType = "float32" | "int8" | "uint8";

const tableTypes: ReadonlyMap<number, TableType> = new Map([
  [float32, "float32"],
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
  const { top, graph, parts } = graphParts(model);
  const ids = parts.filter(({ field }) => field === graphField.input).map(({ bytes }) => textIn(bytes, inputName));
  for (const name of ids) {
    const found = tablesOf(parts, name);
    if (found.length === 0) continue;
    const rest = replaceGraph(top, graph, withoutTables(parts, found, name));
    return liftMean({ model: rest, tables: found.map((table) => toTable(table, name)) });
  }
  return { model, tables: [] };
}

interface FoundTable extends Omit<Table, "ids"> {
  readonly elementType: number;
  /** Constants that go. */
  readonly constants: readonly string[];
}

function toTable({ name, type, rows, width, bytes, blocks, mask }: FoundTable, ids: string): Table {
  return { name, ids, type, rows, width, bytes, blocks, mask };
}

/** The constants that this input's ids look rows up in; none when the ids, or one of the constants, serve for more. */
function tablesOf(parts: readonly ProtoField[], ids: string): FoundTable[] {
  const nodes = parts.filter(({ field }) => field === graphField.node).map(readNode);
  const users = nodes.filter(({ inputs }) => inputs.includes(ids));
  if (!users.every((node) => isLookup(node, ids))) return [];
  const decoded = users.length === 1 ? nibbleTable(must(users[0]), parts, nodes) : null;
  if (decoded !== null) return [decoded];
  const names = users.flatMap(({ inputs }) => inputs.filter((name) => name !== ids && name !== ""));
  const usedOnce = (name: string) =>
    nodes.flatMap(({ inputs }) => inputs).filter((other) => other === name).length === 1;
  const tables = parts
    .filter(({ field, bytes }) => field === graphField.initializer && names.includes(textIn(bytes, tensorField.name)))
    .flatMap(({ bytes }) => readTable(bytes));
  const whole = tables.length === names.length && names.every(usedOnce);
  return whole && new Set(tables.map(({ rows }) => rows)).size === 1 ? tables : [];
}

/** The table of a lookup that decodes 4-bit numbers; null when it is another lookup, or its constants serve for more. */
function nibbleTable(node: Node, parts: readonly ProtoField[], nodes: readonly Node[]): FoundTable | null {
  const { inputs, attributes, output } = node;
  const [tableName, , scaleName, ...more] = inputs;
  if (attributes.get("bits") !== 4 || attributes.get("quantize_axis") !== 1 || more.length > 0) return null;
  const constant = (name: string | undefined) => {
    const usedOnce = nodes.flatMap((other) => other.inputs).filter((other) => other === name).length === 1;
    const found = parts.find(({ field, bytes }) => isInitializer(field) && textIn(bytes, tensorField.name) === name);
    return usedOnce && found ? readTable(found.bytes)[0] : undefined;
  };
  const [table, scales] = [constant(tableName), constant(scaleName)];
  if (table?.type !== "uint8" || scales?.type !== "float32" || table.rows !== scales.rows) return null;
  const blocks = { size: attributes.get("block_size") ?? 0, scales: scales.bytes };
  const constants = [table.name, scales.name];
  return { ...table, name: output, width: 2 * table.width, elementType: float32, blocks, constants };
}

function isInitializer(field: number): boolean {
  return field === graphField.initializer;
}

function isLookup({ operator, inputs, attributes }: Node, ids: string): boolean {
  const axis = lookups.get(operator);
  return axis !== undefined && (attributes.get(axis) ?? 0) === 0 && inputs.indexOf(ids) === 1;
}

/** Empty when it is no matrix of a type that we can look up. */
function readTable(tensor: Uint8Array): FoundTable[] {
  const fields = [...protoFields(tensor)];
  const [rows, width, ...more] = fields.filter(({ field }) => field === tensorField.dims).map(({ integer }) => integer);
  const elementType = fields.find(({ field }) => field === tensorField.type)?.integer ?? 0;
  const bytes = fields.find(({ field }) => field === tensorField.raw)?.bytes;
  const type = tableTypes.get(elementType);
  if (!rows || !width || more.length > 0 || type === undefined || bytes === undefined) return [];
  const name = textIn(tensor, tensorField.name);
  return [{ name, type, rows, width, bytes, elementType, blocks: null, mask: null, constants: [name] }];
}

function withoutTables(parts: readonly ProtoField[], tables: readonly FoundTable[], ids: string): ProtoWriter {
  const constants = new Set(tables.flatMap((table) => table.constants));
  const decoded = new Set(tables.filter(({ blocks }) => blocks !== null).map(({ name }) => name));
  const isGone = ({ field, bytes }: ProtoField) =>
    (isInitializer(field) && constants.has(textIn(bytes, tensorField.name))) ||
    (field === graphField.node && decoded.has(textIn(bytes, nodeField.output))) ||
    (field === graphField.input && decoded.size > 0 && textIn(bytes, inputName) === ids);
  const graph = new ProtoWriter();
  for (const part of parts) if (!isGone(part)) graph.whole(part);
  for (const { name, elementType, width, blocks } of tables) {
    const dims = blocks === null ? ["rows", width] : ["batch", "tokens", width];
    graph.message(graphField.input, valueInfo(name, elementType, dims));
  }
  return graph;
}
