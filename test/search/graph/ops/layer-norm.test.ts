import { expect, test } from "vitest";
import { layerNorm } from "../../../../search/graph/ops/layer-norm.ts";
import { OperationCheck } from "../gradient-check.ts";

test.each([1e-12, 1e-2])("layerNorm() has the gradients of input, gamma and beta at epsilon %s", async (epsilon) => {
  const check = new OperationCheck();
  const [x, gamma, beta] = [check.learn("x", [4, 8]), check.learn("gamma", [8]), check.learn("beta", [8])];
  expect(await check.error(layerNorm(check.tape, x, gamma, beta, 8, epsilon), [4, 8])).toBeLessThan(1e-3);
});
