import { expect, test } from "vitest";
import { randomStudent } from "../../../search/student/random-student.ts";
import { must } from "../../../src/invariant.ts";
import { addGraph } from "../../../src/onnx/add-graph.ts";
import { liftTables } from "../../../src/onnx/lift-tables.ts";
import { Tensor } from "../../../src/onnx/session.ts";
import { openByOutput } from "../../../src/onnx/session-by-output.ts";

const base = { layers: 0, hidden: 32, heads: 0, ffn: 0, activation: "gelu", tableWidth: 32 } as const;
const head = (task: string) => ({ task, input: "text", labels: 3 }) as const;
const first = liftTables(randomStudent({ ...base, vocabulary: 20 }, { heads: [head("language"), head("filter")] }));
const second = liftTables(randomStudent({ ...base, vocabulary: 50 }, { heads: [head("language")] }));

const feedsOf = (prefix: string, ids: readonly number[]) => ({
  [`${prefix}ids`]: new Tensor("int32", Int32Array.from(ids), [1, ids.length]),
  [`${prefix}mask`]: new Tensor("float32", new Float32Array(ids.length).fill(1), [1, ids.length]),
});

test("addGraph() asks for the second graph's inputs only where an output takes them", async () => {
  const sum = addGraph(first, second, new Map([["logits_language", 2]]), "more.");
  expect(sum.tables.map(({ ids, rows }) => [ids, rows])).toEqual([
    ["ids", 20],
    ["more.ids", 50],
  ]);
  const session = await openByOutput(sum, { threads: 1 });
  const own = feedsOf("", [3, 7, 1]);
  expect(Object.keys(await session.run(own, ["logits_filter"]))).toEqual(["logits_filter"]);
  expect(() => session.run(own, ["logits_language"])).toThrow(/more.ids/);
  const both = { ...own, ...feedsOf("more.", [40, 2]) };
  const { logits_language: logits } = await session.run(both, ["logits_language"]);
  const whole = await session.run(both);
  expect([...(must(whole.logits_language).data as Float32Array)]).toEqual([...(must(logits).data as Float32Array)]);
  expect(session.outputNames).toEqual(["pooled", "logits_language", "logits_filter"]);
  await session.release();
});
