import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createArena } from "../../../search/graph/arena.ts";
import type { RowAdam, RowAdamShape } from "../../../search/graph/row-adam.ts";
import { createRowAdam, rowAdamFloats } from "../../../search/graph/row-adam.ts";

interface RowOracle {
  readonly rows: number;
  readonly width: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly initial: number[][];
  readonly steps: readonly { readonly ids: number[]; readonly gradient: number[]; readonly expected: number[][] }[];
}

const answers = new URL("../../oracle/adamw/answers.json", import.meta.url);
const { rows: oracle } = JSON.parse(readFileSync(answers, "utf8")) as { rows: RowOracle };

function create(shape: RowAdamShape): RowAdam {
  return createRowAdam(createArena(rowAdamFloats(shape)), shape);
}

test("createRowAdam() agrees with PyTorch's AdamW over a parameter a row", () => {
  const { learningRate, weightDecay, rows, width } = oracle;
  const adam = create({ rows, width, touchedRows: 4 });
  adam.table.set(oracle.initial.flat());
  for (const step of oracle.steps) {
    adam.scatterAdd(Int32Array.from(step.ids), Float32Array.from(step.gradient));
    adam.step({ learningRate, weightDecay });
    step.expected.flat().forEach((expected, i) => {
      expect(adam.table[i]).toBeCloseTo(expected, 5);
    });
  }
});

test("gather() copies the rows of the ids, repeats included", () => {
  const adam = create({ rows: 3, width: 4, touchedRows: 1 });
  adam.table.set(Array.from({ length: 12 }, (_, i) => i));
  const out = new Float32Array(12);
  adam.gather(Int32Array.of(2, 0, 2), out);
  expect(Array.from(out)).toEqual([8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11]);
});

test("gather() and scatterAdd() refuse an id outside the table", () => {
  const adam = create({ rows: 3, width: 4, touchedRows: 1 });
  for (const id of [-1, 3]) {
    expect(() => adam.gather(Int32Array.of(id), new Float32Array(4))).toThrow(`no row ${id}`);
    expect(() => adam.scatterAdd(Int32Array.of(id), new Float32Array(4))).toThrow(`no row ${id}`);
  }
});

test("scatterAdd() refuses more distinct rows than were announced", () => {
  const adam = create({ rows: 3, width: 4, touchedRows: 1 });
  expect(() => adam.scatterAdd(Int32Array.of(0, 1), new Float32Array(8))).toThrow("at most 1 rows");
});

test("pendingSquares() covers summed gradients and is zero after a step and after discard()", () => {
  const adam = create({ rows: 5, width: 4, touchedRows: 5 });
  const gradient = Float32Array.of(1, 2, 3, 4, 1, 0, 0, 0, 2, 0, 0, 0);
  adam.scatterAdd(Int32Array.of(4, 1, 4), gradient);
  expect(adam.pendingSquares()).toBe(9 + 4 + 9 + 16 + 1);
  adam.step({ learningRate: 0.1 });
  expect(adam.pendingSquares()).toBe(0);
  adam.scatterAdd(Int32Array.of(4, 1, 4), gradient);
  adam.discard();
  expect(adam.pendingSquares()).toBe(0);
});

test("step() scales the gradient and leaves untouched rows alone", () => {
  const adam = create({ rows: 3, width: 4, touchedRows: 3 });
  adam.table.fill(1);
  adam.scatterAdd(Int32Array.of(1), Float32Array.of(3, 3, 3, 3));
  adam.step({ learningRate: 0.5, gradientScale: 0.5 });
  expect(Array.from(adam.table).map((x) => Math.round(x * 1e4) / 1e4)).toEqual([
    1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 1, 1, 1, 1,
  ]);
  expect(adam.state().firstMoments[4]).toBeCloseTo(0.15, 6);
  expect(Array.from(adam.state().updates)).toEqual([0, 1, 0]);
});

test("restore() goes on exactly as the table it was saved from", () => {
  const shape = { rows: 3, width: 4, touchedRows: 2 };
  const [first, second] = [create(shape), create(shape)];
  const run = (adam: RowAdam, row: number) => {
    adam.scatterAdd(
      Int32Array.of(row, 2),
      Float32Array.from({ length: 8 }, (_, i) => Math.sin(row + i)),
    );
    adam.step({ learningRate: 0.1 });
  };
  run(first, 0);
  second.restore(structuredClone(first.state()));
  run(first, 1);
  run(second, 1);
  expect(second.table).toEqual(first.table);
});
