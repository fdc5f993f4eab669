import { expect, test } from "vitest";
import {
  absoluteDifference,
  add,
  concatColumns,
  multiply,
  scale,
  sum,
} from "../../../../search/graph/ops/elementwise.ts";
import { OperationCheck } from "../gradient-check.ts";

const dims = [3, 4];

test("add() passes the gradient to both sides", async () => {
  const check = new OperationCheck();
  const y = add(check.tape, check.learn("a", dims), check.learn("b", dims));
  expect(await check.error(y, dims)).toBeLessThan(1e-3);
});

test("add() of a value to itself counts both ways of the gradient", async () => {
  const check = new OperationCheck();
  const x = check.learn("x", dims);
  expect(await check.error(add(check.tape, x, x), dims)).toBeLessThan(1e-3);
});

test("scale() scales the gradient", async () => {
  const check = new OperationCheck();
  expect(await check.error(scale(check.tape, check.learn("x", dims), -0.7), dims)).toBeLessThan(1e-3);
});

test("sum() gives every scalar the same gradient", async () => {
  const check = new OperationCheck();
  const scalars = ["a", "b", "c"].map((name) => check.learn(name, [1]));
  expect(await check.error(sum(check.tape, scalars), [1])).toBeLessThan(1e-3);
});

test("concatColumns() cuts the gradient at the widths of its parts", async () => {
  const check = new OperationCheck();
  const parts = [1, 4, 2].map((width) => ({ value: check.learn(`part${width}`, [3, width]), width }));
  expect(await check.error(concatColumns(check.tape, parts), [3, 7])).toBeLessThan(1e-3);
});

test("multiply() crosses the gradient over", async () => {
  const check = new OperationCheck();
  const y = multiply(check.tape, check.learn("a", dims), check.learn("b", dims));
  expect(await check.error(y, dims)).toBeLessThan(1e-3);
});

test("multiply() leaves out the side that is not learned", async () => {
  const check = new OperationCheck();
  const fixed = check.give("fixed", check.normals(dims));
  expect(await check.error(multiply(check.tape, fixed, check.learn("b", dims)), dims)).toBeLessThan(1e-3);
});

test("absoluteDifference() follows the sign of the difference", async () => {
  const check = new OperationCheck();
  const y = absoluteDifference(check.tape, check.learn("a", dims), check.learn("b", dims));
  expect(await check.error(y, dims)).toBeLessThan(1e-3);
});
