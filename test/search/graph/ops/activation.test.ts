import { expect, test } from "vitest";
import { activation } from "../../../../search/graph/ops/activation.ts";
import { OperationCheck } from "../gradient-check.ts";

test.each(["relu", "gelu"] as const)("activation() has the gradient of %s", async (kind) => {
  const check = new OperationCheck();
  const y = activation(check.tape, kind, check.learn("x", [6, 6]));
  expect(await check.error(y, [6, 6])).toBeLessThan(1e-3);
});
