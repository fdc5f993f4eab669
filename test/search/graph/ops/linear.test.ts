import { expect, test } from "vitest";
import { linear } from "../../../../search/graph/ops/linear.ts";
import { OperationCheck } from "../gradient-check.ts";

test("linear() has the gradients of input, weight and bias", async () => {
  const check = new OperationCheck();
  const y = linear(check.tape, check.learn("x", [5, 3]), check.learn("weight", [3, 4]), check.learn("bias", [4]));
  expect(await check.error(y, [5, 4])).toBeLessThan(1e-3);
});

test("linear() goes without a bias", async () => {
  const check = new OperationCheck();
  const y = linear(check.tape, check.learn("x", [5, 3]), check.learn("weight", [3, 4]), null);
  expect(await check.error(y, [5, 4])).toBeLessThan(1e-3);
});

test("linear() has the gradient of its weight alone where the input is not learned", async () => {
  const check = new OperationCheck();
  const x = check.give("x", check.normals([5, 3]));
  expect(await check.error(linear(check.tape, x, check.learn("weight", [3, 4]), null), [5, 4])).toBeLessThan(1e-3);
});
