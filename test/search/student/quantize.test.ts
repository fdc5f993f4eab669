import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type QuantizedMatrix,
  quantizeBlocks,
  quantizeColumns,
  restoreBlocks,
  restoreColumns,
  storedLimit,
  tableBlock,
} from "../../../search/student/quantize.ts";
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

const table = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 40 }))
  .chain(([rows, half]) =>
    fc
      .array(fc.integer({ min: -8000, max: 8000 }), { minLength: rows * half * 2, maxLength: rows * half * 2 })
      .map((values) => ({ dims: [rows, half * 2], data: Float32Array.from(values, (x) => x / 1000) })),
  );

test("quantizeBlocks() is off by less than a seventh of the largest number of its block", () => {
  fc.assert(
    fc.property(table, (weight) => {
      const width = must(weight.dims[1]);
      restoreBlocks(weight.dims, quantizeBlocks(weight)).data.forEach((x, i) => {
        const block = Math.floor((i % width) / tableBlock) * tableBlock + Math.floor(i / width) * width;
        const end = Math.min(block + tableBlock, (Math.floor(i / width) + 1) * width);
        const top = Math.max(...weight.data.subarray(block, end).map((y) => Math.abs(y)));
        expect(Math.abs(x - must(weight.data[i]))).toBeLessThanOrEqual(top / 7 + 1e-6);
      });
    }),
    { seed: 1 },
  );
});

test("quantizeBlocks() keeps numbers that lie on its steps exactly", () => {
  const data = Float32Array.from({ length: 64 }, (_, i) => ((i * 5) % 16) - 8);
  const weight = { dims: [1, 64], data };
  expect(restoreBlocks(weight.dims, quantizeBlocks(weight)).data).toEqual(data);
});

test("the largest weight of a column sets its scale", () => {
  const weight = { dims: [2, 2], data: Float32Array.of(63, 0.25, -31.25, -1) };
  const { data, scales } = quantizeColumns(weight);
  expect(data).toEqual(Int8Array.of(63, 16, -31, -63));
  expect(scales[0]).toBe(1);
  expect(63 * must(scales[1])).toBeCloseTo(1, 4);
});

test("a matrix that was restored is quantised to the same numbers and scales", () => {
  fc.assert(
    fc.property(matrix, fc.constantFrom(undefined, storedLimit), (weight, limit) => {
      const quantized = quantizeColumns(weight, limit);
      expect(quantizeColumns(restoreColumns(quantized), limit)).toEqual(quantized);
    }),
    { seed: 1 },
  );
});

test("a column and a block of zeros stay zeros", () => {
  const weight = { dims: [2, 2], data: Float32Array.of(0, 1, 0, 3) };
  expect(Array.from(quantizeColumns(weight).data)).toEqual([0, 21, 0, 63]);
  const zeros = { dims: [1, 2], data: new Float32Array(2) };
  expect(restoreBlocks(zeros.dims, quantizeBlocks(zeros)).data).toEqual(new Float32Array(2));
});
