import { must } from "../invariant.ts";
import type { LiftedGraph } from "./lift-tables.ts";
import { type Feeds, openSession, type Session, type SessionOptions, Tensor } from "./session.ts";
import { createLookup, type TableLookup } from "./table-lookup.ts";

/**
 * A session of a graph as it was before its tables were taken out: it is given ids, and looks their rows up itself. This is how
 * students are served, judged and timed.
 * @throws whatever the runtime throws on a damaged model.
 */
export async function openLifted({ model, ids, tables }: LiftedGraph, options: SessionOptions): Promise<Session> {
  const session = await openSession(model, options);
  if (tables.length === 0) return session;
  const lookups = tables.map(createLookup);
  const own = new Set(tables.map(({ name }) => name));
  const taken = [ids, ...tables.flatMap(({ mask }) => mask ?? [])];
  const inputNames = [...new Set([...taken, ...session.inputNames.filter((name) => !own.has(name))])];
  const counts = session.inputNames.includes(ids);
  const passed = session.inputNames.filter((name) => name !== ids && !own.has(name));
  return {
    inputNames,
    outputNames: session.outputNames,
    release: () => session.release(),
    run: (feeds, fetches) => session.run(withLookups(feeds, { ids, counts, passed }, lookups), fetches),
  };
}

interface Inputs {
  readonly ids: string;
  /** Whether the graph still wants ids. They then count the batch's own rows: the first token has the first row. */
  readonly counts: boolean;
  /** Other inputs that the graph takes as they are given. */
  readonly passed: readonly string[];
}

function withLookups(feeds: Feeds, { ids: name, counts, passed }: Inputs, lookups: readonly TableLookup[]): Feeds {
  const own: Record<string, Tensor> = {};
  for (const input of passed) own[input] = must(feeds[input], `input ${input}`);
  const ids = must(feeds[name], `input ${name}`);
  for (const lookup of lookups) own[lookup.name] = lookup.valueFor(ids, feeds);
  if (counts) own[name] = new Tensor("int32", counting(ids.size), ids.dims);
  return own;
}

let count = new Int32Array(1024).map((_, i) => i);

/** 0, 1, 2, …: a view that nobody may write to. */
function counting(length: number): Int32Array {
  if (count.length < length) count = new Int32Array(2 * length).map((_, i) => i);
  return count.subarray(0, length);
}
