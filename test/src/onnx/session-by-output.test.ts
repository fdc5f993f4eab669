import { expect, test } from "vitest";
import { randomStudent } from "../../../search/student/random-student.ts";
import type { Architecture } from "../../../src/contract/architecture.ts";
import { must } from "../../../src/invariant.ts";
import { liftTables } from "../../../src/onnx/lift-tables.ts";
import { outputsOf, selectOutputs } from "../../../src/onnx/select-outputs.ts";
import { openSession, Tensor } from "../../../src/onnx/session.ts";
import { openByOutput } from "../../../src/onnx/session-by-output.ts";

/** A mean that is taken outside of the graph is rounded elsewhere. */
function expectClose(actual: Tensor | undefined, expected: Tensor | undefined): void {
  const wanted = Array.from(must(expected).data as Float32Array, (x) => expect.closeTo(x, 5));
  expect(Array.from(must(actual).data as Float32Array)).toEqual(wanted);
}

const architecture: Architecture = {
  layers: 0,
  hidden: 16,
  heads: 0,
  ffn: 0,
  activation: "gelu",
  tableWidth: 16,
  vocabulary: 50,
};
const heads = ["filter", "sentiment"].map((task, i) => ({ task, input: "text" as const, labels: 2 + i }));
const model = randomStudent(architecture, { heads });
const feeds = {
  ids: new Tensor("int32", Int32Array.of(5, 49, 0, 5, 17, 1), [2, 3]),
  mask: new Tensor("float32", new Float32Array(6).fill(1), [2, 3]),
};

test("selectOutputs() leaves an output as it was, without what only others need", async () => {
  expect(outputsOf(model)).toEqual(["pooled", "logits_filter", "logits_sentiment"]);
  const part = selectOutputs(model, ["logits_filter"]);
  expect(outputsOf(part)).toEqual(["logits_filter"]);
  expect(part.length).toBeLessThan(model.length);
  const [whole, selected] = [await openSession(model, { threads: 1 }), await openSession(part, { threads: 1 })];
  expect((await selected.run(feeds)).logits_filter?.data).toEqual((await whole.run(feeds)).logits_filter?.data);
  await Promise.all([whole.release(), selected.release()]);
});

test("openByOutput() answers for one output, for some and for all as the whole graph does", async () => {
  const whole = await openSession(model, { threads: 1 });
  const split = await openByOutput(liftTables(model), { threads: 1 });
  const expected = await whole.run(feeds);
  for (const names of [["pooled"], ["logits_sentiment"], ["logits_filter", "logits_sentiment"], whole.outputNames]) {
    const results = await split.run(feeds, names);
    expect(Object.keys(results).sort()).toEqual([...names].sort());
    for (const name of names) expectClose(results[name], expected[name]);
  }
  await Promise.all([whole.release(), split.release()]);
});
