import { expect, test } from "vitest";
import { createRateLimiter } from "../../../serve/security/rate-limit.ts";

test("take() admits a minute's worth at once, then one for each share of the minute that passes", () => {
  const limiter = createRateLimiter();
  const at = (ms: number) => limiter.take("a", 7, ms);
  expect([0, 0, 0, 0, 0, 0, 0].map((ms) => at(ms).remaining)).toEqual([6, 5, 4, 3, 2, 1, 0]);
  const refused = at(0);
  expect(refused.admitted).toBe(false);
  expect(refused.waitMs).toBeCloseTo(60_000 / 7);
  expect(at(60_000 / 7 - 1).admitted).toBe(false);
  expect(at(60_000 / 7).admitted).toBe(true);
  expect(at(60_000 / 7).admitted).toBe(false);
});

test("take() never admits more than a minute's worth and a minute's refill within a minute", () => {
  const limiter = createRateLimiter();
  let admitted = 0;
  for (let ms = 0; ms < 60_000; ms += 10) if (limiter.take("a", 60, ms).admitted) admitted++;
  expect(admitted).toBe(119);
});

test("take() counts each caller alone, and forgets the first when there are too many", () => {
  const limiter = createRateLimiter(2);
  expect(limiter.take("a", 1, 0).admitted).toBe(true);
  expect(limiter.take("b", 1, 0).admitted).toBe(true);
  expect(limiter.take("a", 1, 0).admitted).toBe(false);
  expect(limiter.take("c", 1, 0).admitted).toBe(true);
  expect(limiter.take("b", 1, 0).admitted).toBe(false);
  expect(limiter.take("a", 1, 0).admitted).toBe(true);
});
