import { expect, test } from "vitest";
import { policies } from "../../../bench/control-sim/policies.ts";
import { scenarios } from "../../../bench/control-sim/scenarios.ts";
import { simulate } from "../../../bench/control-sim/simulate.ts";
import { totalsOf } from "../../../bench/control-sim/summary.ts";
import { must } from "../../../src/invariant.ts";

function course(scenario: string, policy: string, days: number) {
  const named = <T extends { readonly name: string }>(all: readonly T[], name: string) =>
    must(all.find((each) => each.name === name));
  return simulate(named(scenarios, scenario), named(policies, policy), { days, seed: 1 });
}

test("simulate() runs the same course under the same seed", async () => {
  expect(await course("traffic", "control", 1)).toEqual(await course("traffic", "control", 1));
}, 120_000);

test("control gives more right answers in time than frozen choices when traffic grows, and does not swing to and fro", async () => {
  const [frozen, control] = [await course("traffic", "frozen", 3), await course("traffic", "control", 3)];
  expect(totalsOf(control).right).toBeGreaterThan(totalsOf(frozen).right);
  expect(control.promotions).toBeLessThanOrEqual(6);
}, 120_000);

test("control puts a bad student back before users have it, where one without care does not", async () => {
  const [hasty, control] = [await course("bad-student", "hasty", 2), await course("bad-student", "control", 2)];
  expect(control.rollBacks).toBe(1);
  expect(totalsOf(control).right).toBeGreaterThan(totalsOf(hasty).right);
}, 120_000);

test("control leaves all as it is while metrics are poisoned", async () => {
  const { promotions, searches } = await course("poison", "control", 2);
  expect([promotions, searches]).toEqual([0, 0]);
}, 120_000);
