import { describe, expect, test } from "vitest";
import { fitLatencyModel, toSamples } from "../../../../search/reward/latency-model.ts";
import { judge, medianErrors } from "../../../../search/reward/production/judge.ts";
import { fast, options, slow, trafficOf, trials } from "./served-world.ts";

const offline = { model: fitLatencyModel(toSamples(trials)), manifests: options.manifests, isTimedThere: true };

describe("judge()", () => {
  test("predicts each part of the second half from what came before it", async () => {
    const traffic = await trafficOf(new Array(6).fill({ fast: 3, slow: 1.5 }));
    const judged = judge(offline, traffic, 50);
    expect(judged?.heldOut).toBe("second half");
    expect(judged?.cases.map(({ name }) => name)).toEqual(new Array(3).fill(["fast", "slow"]).flat());
    const { before, after } = medianErrors(judged?.cases ?? []);
    expect(before).toBeGreaterThan(0.3);
    expect(after).toBeLessThan(0.05);
  });

  test("holds up where texts become longer in the second half: the lengths of a part are known, its times are not", async () => {
    const [short, long] = [new Array(100).fill(12), new Array(100).fill(100)];
    const traffic = await trafficOf(new Array(2).fill({ fast: 2, slow: 2 }), short);
    const later = await trafficOf(new Array(2).fill({ fast: 2, slow: 2 }), long);
    const judged = judge(offline, { ...traffic, parts: [...traffic.parts, ...later.parts] }, 50);
    expect(medianErrors(judged?.cases ?? []).after).toBeLessThan(0.1);
  });

  test("predicts each student from the others where all is one part", async () => {
    const judged = judge(offline, await trafficOf([{ fast: 2, slow: 2 }]), 50);
    expect(judged?.heldOut).toBe("each student in turn");
    expect(judged?.cases.map(({ name }) => name)).toEqual([fast.name, slow.name]);
    const { before, after } = medianErrors(judged?.cases ?? []);
    expect(after).toBeLessThan(before);
  });

  test("has nothing to judge on with one student in one part", async () => {
    expect(judge(offline, await trafficOf([{ fast: 2 }]), 50)).toBeNull();
  });
});
