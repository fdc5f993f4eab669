import { must } from "../invariant.ts";
import type { LiftedGraph } from "./lift-tables.ts";
import { type Feeds, openSession, type Session, type SessionOptions, Tensor } from "./session.ts";
import { createLookup, type TableLookup } from "./table-lookup.ts";

/**
 * A session of a graph as it was before its tables were taken out: it is given ids, and looks their rows up itself. This is how
 * students are served, judged and timed.
 * @throws whatever the runtime throws on a damaged model.
 */
export async function openLifted({ model, tables }: LiftedGraph, options: SessionOptions): Promise<Session> {
  const session = await openSession(model, options);
  const own = tables.filter(({ name }) => session.inputNames.includes(name));
  if (own.length === 0) return session;
  const names = new Set(own.map(({ name }) => name));
  const taken = own.flatMap(({ ids, mask }) => [ids, ...(mask === null ? [] : [mask])]);
  const ids = new Set(own.map((table) => table.ids));
  const inputs: Inputs = {
    lookups: own.map((table) => ({ ids: table.ids, ...createLookup(table) })),
    counted: session.inputNames.filter((name) => ids.has(name)),
    passed: session.inputNames.filter((name) => !ids.has(name) && !names.has(name)),
  };
  return {
    inputNames: [...new Set([...taken, ...inputs.passed])],
    outputNames: session.outputNames,
    release: () => session.release(),
    run: (feeds, fetches) => session.run(withLookups(feeds, inputs), fetches),
  };
}

interface Inputs {
  readonly lookups: readonly (TableLookup & { readonly ids: string })[];
  /** Ids that the graph still wants. They then count the batch's own rows: the first token has the first row. */
  readonly counted: readonly string[];
  /** Other inputs that the graph takes as they are given. */
  readonly passed: readonly string[];
}

function withLookups(feeds: Feeds, { lookups, counted, passed }: Inputs): Feeds {
  const own: Record<string, Tensor> = {};
  for (const input of passed) own[input] = must(feeds[input], `input ${input}`);
  for (const { name, ids, valueFor } of lookups) own[name] = valueFor(must(feeds[ids], `input ${ids}`), feeds);
  for (const name of counted) {
    const { size, dims } = must(feeds[name], `input ${name}`);
    own[name] = new Tensor("int32", counting(size), dims);
  }
  return own;
}

let count = new Int32Array(1024).map((_, i) => i);

/** 0, 1, 2, …: a view that nobody may write to. */
function counting(length: number): Int32Array {
  if (count.length < length) count = new Int32Array(2 * length).map((_, i) => i);
  return count.subarray(0, length);
}
