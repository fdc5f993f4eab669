import { expect, test } from "vitest";
import { loopLagMs } from "../../../serve/metrics/loop-lag.ts";
import { eventually } from "../../fixtures/test-server.ts";

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("loopLagMs() tells for how long the event loop was held up, and forgets it", async () => {
  loopLagMs();
  await sleep(50);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
  expect(loopLagMs()).toBeGreaterThan(200);
  await sleep(1);
  expect(loopLagMs()).toBeGreaterThan(200);
  await eventually(() => expect(loopLagMs()).toBeLessThan(100));
});
