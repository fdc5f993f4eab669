import { expect, test } from "vitest";
import { addPositions, pool, selectRows } from "../../../../search/graph/ops/sequence.ts";
import { OperationCheck } from "../gradient-check.ts";

test("addPositions() has the gradients of states and positions, zero for positions that are not used", async () => {
  const [batch, tokens, width, positions] = [2, 3, 4, 5];
  const check = new OperationCheck();
  const feeds = {
    shape: check.give("shape", check.integers([batch, tokens, width])).name,
    tokens: check.give("tokens", check.integers([tokens])).name,
    padding: check.give("padding", check.integers([0, 0, positions - tokens, 0])).name,
  };
  const [x, table] = [check.learn("x", [batch * tokens, width]), check.learn("table", [positions, width])];
  const y = addPositions(check.tape, x, table, feeds, width);
  expect(await check.error(y, [batch * tokens, width])).toBeLessThan(1e-3);
});

test("pool() has the gradient of a mean that leaves padding out", async () => {
  const [batch, tokens, width] = [2, 3, 4];
  const check = new OperationCheck();
  const feeds = {
    shape: check.give("shape", check.integers([batch, tokens, width])).name,
    weights: check.give("weights", check.floats([batch, 1, tokens], [1 / 3, 1 / 3, 1 / 3, 1 / 2, 1 / 2, 0])).name,
  };
  const y = pool(check.tape, check.learn("x", [batch * tokens, width]), feeds, width);
  expect(await check.error(y, [batch, width])).toBeLessThan(1e-3);
});

test("selectRows() adds up the gradients of a row that is chosen twice", async () => {
  const check = new OperationCheck();
  const selection = check.give("selection", check.floats([3, 2], [1, 0, 0, 1, 1, 0])).name;
  const y = selectRows(check.tape, selection, check.learn("x", [2, 4]));
  expect(await check.error(y, [3, 4])).toBeLessThan(1e-3);
});
