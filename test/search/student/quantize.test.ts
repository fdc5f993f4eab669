import fc from "fast-check";
import { expect, test } from "vitest";
import { type QuantizedMatrix, quantizeColumns, quantizeRows } from "../../../search/student/quantize.ts";
import { must } from "../../../src/invariant.ts";

const matrix = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })).chain(([rows, columns]) =>
  fc
    .array(fc.integer({ min: -8000, max: 8000 }), {
      minLength: rows * columns,
      maxLength: rows * columns,
    })
    .map((values) => ({ dims: [rows, columns], data: Float32Array.from(values, (x) => x / 1000) })),
);

/** Largest error in steps of the scale that `scaleOf` names. */
function errorInSteps(data: Float32Array, quantized: QuantizedMatrix, scaleOf: (i: number) => number): number {
  return Math.max(
    ...Array.from(data, (x, i) => {
      const scale = must(quantized.scales[scaleOf(i)]);
      return Math.abs(x - must(quantized.data[i]) * scale) / scale;
    }),
  );
}

test("quantizeColumns() is off by half a step at most and stays within 7 bits", () => {
  fc.assert(
    fc.property(matrix, (weight) => {
      const quantized = quantizeColumns(weight);
      const columns = must(weight.dims[1]);
      expect(errorInSteps(weight.data, quantized, (i) => i % columns)).toBeLessThanOrEqual(0.5001);
      expect(Math.max(...quantized.data.map(Math.abs))).toBeLessThanOrEqual(63);
    }),
    { seed: 1 },
  );
});

test("quantizeRows() is off by half a step at most and uses the whole of int8 but -128", () => {
  fc.assert(
    fc.property(matrix, (weight) => {
      const quantized = quantizeRows(weight);
      const width = must(weight.dims[1]);
      expect(errorInSteps(weight.data, quantized, (i) => Math.floor(i / width))).toBeLessThanOrEqual(0.5001);
      expect(Math.max(...quantized.data.map((x) => Math.abs(x)))).toBeLessThanOrEqual(127);
    }),
    { seed: 1 },
  );
});

test("the largest weight of a column and of a row sets its scale", () => {
  const weight = { dims: [2, 2], data: Float32Array.of(63, 0.25, -31.25, -1) };
  expect(quantizeColumns(weight)).toEqual({
    dims: [2, 2],
    data: Int8Array.of(63, 16, -31, -63),
    scales: Float32Array.of(1, 1 / 63),
  });
  expect(Array.from(quantizeRows(weight).data)).toEqual([127, 1, -127, -4]);
});

test("a column and a row of zeros stay zeros", () => {
  const weight = { dims: [2, 2], data: Float32Array.of(0, 1, 0, 3) };
  expect(Array.from(quantizeColumns(weight).data)).toEqual([0, 21, 0, 63]);
  expect(Array.from(quantizeRows({ dims: [2, 2], data: Float32Array.of(0, 0, 1, 3) }).data)).toEqual([0, 0, 42, 127]);
});
