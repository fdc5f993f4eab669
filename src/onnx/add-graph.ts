import {
  float32,
  graphField,
  graphParts,
  inputName,
  nodeField,
  replaceGraph,
  tensorField,
  toText,
} from "./graph-parts.ts";
import type { LiftedGraph } from "./lift-tables.ts";
import { type ProtoField, ProtoWriter, protoFields } from "./protobuf.ts";
import { selectOutputs } from "./select-outputs.ts";

/**
 * Two graphs as one, so that they take one call of the runtime, which costs more than what small ones compute: weight · output of
 * the second is added to the first's output of the same name.
 * @param weights by output that both have.
 * @param prefix of the second's inputs, and of all other names in it.
 */
export function addGraph(
  first: LiftedGraph,
  second: LiftedGraph,
  weights: ReadonlyMap<string, number>,
  prefix: string,
): LiftedGraph {
  const { top, graph, parts } = graphParts(first.model);
  const more = graphParts(selectOutputs(second.model, [...weights.keys()])).parts;
  const sum = new ProtoWriter();
  const beforeSum = (name: string) => (weights.has(name) ? `${prefix}alone.${name}` : name);
  const ofSecond = (name: string) => `${prefix}${name}`;
  for (const part of parts) {
    if (part.field === graphField.node) sum.message(part.field, renamed(part, beforeSum));
    else sum.whole(part);
  }
  for (const part of more) if (part.field in nameFields) sum.message(part.field, renamed(part, ofSecond));
  for (const [name, weight] of weights) {
    const [factor, product] = [`${prefix}weight.${name}`, `${prefix}product.${name}`];
    sum.message(graphField.initializer, scalar(factor, weight));
    sum.message(graphField.node, node("Mul", [ofSecond(name), factor], product));
    sum.message(graphField.node, node("Add", [beforeSum(name), product], name));
  }
  const tables = second.tables.map((table) => ({
    ...table,
    name: ofSecond(table.name),
    ids: ofSecond(table.ids),
    mask: table.mask && ofSecond(table.mask),
  }));
  return { model: replaceGraph(top, graph, sum), tables: [...first.tables, ...tables] };
}

/** Fields that hold names, by the graph's field that they are part of: of all that is taken over from a second graph. */
const nameFields: Readonly<Record<number, readonly number[]>> = {
  [graphField.node]: [nodeField.input, nodeField.output, nodeField.name],
  [graphField.initializer]: [tensorField.name],
  [graphField.input]: [inputName],
};

function renamed({ field, bytes }: ProtoField, nameOf: (name: string) => string): ProtoWriter {
  const out = new ProtoWriter();
  for (const part of protoFields(bytes)) {
    // An operator's input that is left out has an empty name.
    const isName = nameFields[field]?.includes(part.field) && part.bytes.length > 0;
    if (isName) out.string(part.field, nameOf(toText(part.bytes)));
    else out.whole(part);
  }
  return out;
}

function node(operator: string, inputs: readonly string[], output: string): ProtoWriter {
  const out = new ProtoWriter();
  for (const input of inputs) out.string(nodeField.input, input);
  return out.string(nodeField.output, output).string(nodeField.operator, operator);
}

function scalar(name: string, value: number): ProtoWriter {
  const raw = new Uint8Array(Float32Array.of(value).buffer);
  return new ProtoWriter()
    .integer(tensorField.type, float32)
    .string(tensorField.name, name)
    .bytes(tensorField.raw, raw);
}
