import {
  graphField,
  graphParts,
  inputName,
  nodeField,
  replaceGraph,
  tensorField,
  textIn,
  toText,
} from "./graph-parts.ts";
import { type ProtoField, ProtoWriter, protoFields } from "./protobuf.ts";

/** Names of a graph's outputs. */
export function outputsOf(model: Uint8Array): string[] {
  return graphParts(model)
    .parts.filter(({ field }) => field === graphField.output)
    .map(({ bytes }) => textIn(bytes, inputName));
}

/**
 * The part of a graph that some of its outputs need, and the inputs that this reads. The runtime computes every node of a graph,
 * also those whose outputs nobody asked for.
 */
export function selectOutputs(model: Uint8Array, wanted: readonly string[]): Uint8Array {
  const { top, graph, parts } = graphParts(model);
  const needed = new Set(wanted);
  const nodes = new Set<ProtoField>();
  // Nodes come after those whose results they take.
  for (const node of parts.filter(({ field }) => field === graphField.node).reverse()) {
    if (!namesIn(node, nodeField.output).some((name) => needed.has(name))) continue;
    nodes.add(node);
    for (const name of namesIn(node, nodeField.input)) needed.add(name);
  }
  const isNeeded = (part: ProtoField) => {
    if (part.field === graphField.node) return nodes.has(part);
    if (part.field === graphField.initializer) return needed.has(textIn(part.bytes, tensorField.name));
    if (part.field === graphField.input) return needed.has(textIn(part.bytes, inputName));
    return part.field !== graphField.output || wanted.includes(textIn(part.bytes, inputName));
  };
  const selected = new ProtoWriter();
  for (const part of parts) if (isNeeded(part)) selected.whole(part);
  return replaceGraph(top, graph, selected);
}

function namesIn({ bytes }: ProtoField, field: number): string[] {
  return [...protoFields(bytes)].filter((part) => part.field === field).map((part) => toText(part.bytes));
}
