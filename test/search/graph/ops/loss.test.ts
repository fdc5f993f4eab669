import { expect, test } from "vitest";
import { crossEntropy, squaredError } from "../../../../search/graph/ops/loss.ts";
import { OperationCheck } from "../gradient-check.ts";

test("crossEntropy() has the gradient of the logits under soft targets and weights", async () => {
  const check = new OperationCheck();
  const target = check.give("target", check.floats([3, 2], [0.3, 0.7, 1, 0, 0, 1])).name;
  const weight = check.give("weight", check.floats([3, 1], [0.5, 0.5, 0])).name;
  expect(await check.error(crossEntropy(check.tape, check.learn("logits", [3, 2]), target, weight))).toBeLessThan(1e-3);
});

test("squaredError() has the gradient of the prediction under row weights", async () => {
  const check = new OperationCheck();
  const target = check.give("target", check.normals([3, 4])).name;
  const weight = check.give("weight", check.floats([3, 1], [0.25, 0.75, 0])).name;
  const loss = squaredError(check.tape, check.learn("prediction", [3, 4]), target, weight, 4);
  expect(await check.error(loss)).toBeLessThan(1e-3);
});
