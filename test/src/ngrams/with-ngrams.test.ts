import { afterAll, beforeAll, expect, test } from "vitest";
import { randomStudent } from "../../../search/student/random-student.ts";
import { must } from "../../../src/invariant.ts";
import { createNgrams } from "../../../src/ngrams/ngrams.ts";
import { openWithNgrams } from "../../../src/ngrams/with-ngrams.ts";
import { type LiftedGraph, liftTables } from "../../../src/onnx/lift-tables.ts";
import { openLifted } from "../../../src/onnx/lifted-session.ts";
import { type Session, Tensor } from "../../../src/onnx/session.ts";

const shape = { rows: 40, longest: 3, most: 64 };
const pieceOf = (id: number) => ` ${String.fromCharCode(97 + id)}`.repeat(1 + (id % 3));
const read = createNgrams(pieceOf, shape);
const base = { layers: 0, hidden: 32, heads: 0, ffn: 0, activation: "gelu", tableWidth: 32 } as const;
const head = (task: string) => ({ task, input: "text", labels: 3 }) as const;
let [encoder, graph, both] = [] as unknown as [Session, Session, Session];

beforeAll(async () => {
  const heads = [head("language"), head("sentiment")];
  const open = (lifted: LiftedGraph) => openLifted(lifted, { threads: 1 });
  const alone = liftTables(randomStudent({ ...base, vocabulary: 26 }, { heads }));
  const own = liftTables(randomStudent({ ...base, vocabulary: shape.rows }, { heads: [head("language")] }));
  [encoder, graph] = [await open(alone), await open(own)];
  const ngrams = { ...shape, tasks: [{ task: "language", weight: 0.5 }] };
  both = await openWithNgrams({ encoder: alone, graph: own }, ngrams, pieceOf, open);
});
afterAll(async () => {
  for (const session of [encoder, graph, both]) await session.release();
});

function feedsOf(texts: readonly (readonly number[])[]) {
  const tokens = Math.max(...texts.map(({ length }) => length));
  const [ids, mask] = [new Int32Array(texts.length * tokens).fill(25), new Float32Array(texts.length * tokens)];
  texts.forEach((text, row) => {
    ids.set(text, row * tokens);
    mask.fill(1, row * tokens, row * tokens + text.length);
  });
  const dims = [texts.length, tokens];
  return { ids: new Tensor("int32", ids, dims), mask: new Tensor("float32", mask, dims) };
}

const numbers = (tensor: Tensor | undefined) => [...(must(tensor).data as Float32Array)];
const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 4));

test("openWithNgrams() adds what the n-grams say, by their weight, to the logits that they speak to, and leaves the rest", async () => {
  const text = [1, 5, 7];
  const [own, sum] = [await encoder.run(feedsOf([text])), await both.run(feedsOf([text]))];
  const rows = [...read(Int32Array.from(text))];
  const more = await graph.run({ ...feedsOf([rows]) }, ["logits_language"]);
  const expected = numbers(own.logits_language).map((logit, i) => logit + 0.5 * must(numbers(more.logits_language)[i]));
  expect(numbers(sum.logits_language)).toEqual(close(expected));
  expect(numbers(sum.logits_language)).not.toEqual(close(numbers(own.logits_language)));
  for (const name of ["logits_sentiment", "pooled"]) expect(numbers(sum[name])).toEqual(close(numbers(own[name])));
});

test("openWithNgrams() answers for each text of a batch as for the text alone", async () => {
  const texts = [[3], [1, 5, 7, 9, 2, 4], [8, 8]];
  const together = numbers((await both.run(feedsOf(texts), ["logits_language"])).logits_language);
  for (const [row, text] of texts.entries()) {
    const alone = numbers((await both.run(feedsOf([text]), ["logits_language"])).logits_language);
    expect(together.slice(3 * row, 3 * row + 3)).toEqual(close(alone));
  }
});

test("openWithNgrams() gives only the outputs that are asked for", async () => {
  expect(Object.keys(await both.run(feedsOf([[1]]), ["logits_sentiment"]))).toEqual(["logits_sentiment"]);
  expect(both.outputNames).toEqual(encoder.outputNames);
});
