import { expect, test } from "vitest";
import { blockSize, createRowMeans, type WeightedRows } from "../../../src/onnx/row-means.ts";
import { createRandom } from "../../../src/random.ts";

const random = createRandom(5);
const [width, rows] = [96, 40];
const words = Int32Array.from({ length: (rows * width) / 8 }, () => random.int(2 ** 32) | 0);
const scales = Float32Array.from({ length: (rows * width) / blockSize }, () => random.next());

/** The same by the definition, a number at a time. */
function meansOf({ ids, weights, texts, tokens }: WeightedRows): number[] {
  const bytes = new Uint8Array(words.buffer);
  const value = (row: number, i: number) => {
    const nibble = ((bytes[(row * width + i) >> 1] as number) >> (4 * (i & 1))) & 15;
    return (nibble - 8) * (scales[(row * width) / blockSize + Math.floor(i / blockSize)] as number);
  };
  return Array.from({ length: texts * width }, (_, at) => {
    const [text, i] = [Math.floor(at / width), at % width];
    let [sum, total] = [0, 0];
    for (let t = text * tokens; t < (text + 1) * tokens; t++) {
      sum += (weights[t] as number) * value(ids[t] as number, i);
      total += weights[t] as number;
    }
    return sum / total;
  });
}

test.each([1, 63, 64, 65, 200])("createRowMeans() takes the weighted mean of %i rows, a text at a time", (tokens) => {
  const given = {
    ids: Int32Array.from({ length: 3 * tokens }, () => random.int(rows)),
    weights: Float32Array.from({ length: 3 * tokens }, (_, i) => (i % tokens === 0 ? 1 : random.int(3) / 2)),
    texts: 3,
    tokens,
  };
  const means = createRowMeans({ width, words, scales });
  const wanted = meansOf(given).map((mean) => expect.closeTo(mean, 4));
  expect(Array.from(means(given))).toEqual(wanted);
  expect(Array.from(means(given))).toEqual(wanted);
});
