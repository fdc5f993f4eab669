import { beforeAll, describe, expect, test } from "vitest";
import { type ControllerKind, type ControllerOptions, createController } from "../../search/controller/controller.ts";
import { budgetObjective } from "../../search/reward/reward.ts";
import { architectureKey, count, createSpace, enumerate, isValid } from "../../search/space/space.ts";
import { okTrials, type Trial } from "../../search/space/trial.ts";
import type { Architecture } from "../../src/contract/architecture.ts";
import { mean } from "../../src/stats.ts";
import { failedTrial, syntheticTrial } from "./synthetic-trials.ts";

const budget = budgetObjective(0.6);
const options: ControllerOptions = { space: createSpace(100_000), seed: 7, episodes: 8, objectives: [budget] };

/** Runs episodes of a search whose trials are computed, not distilled. */
async function search(
  kind: ControllerKind,
  episodes: number,
  toTrial: (architecture: Architecture, episode: number) => Trial = syntheticTrial,
  some = options,
) {
  const controller = createController(kind, some);
  const trials: Trial[] = [];
  for (let episode = 0; episode < episodes; episode++) {
    const proposed = await controller.propose(4);
    const told = proposed.map((architecture) => toTrial(architecture, episode));
    trials.push(...told);
    await controller.tell(told);
  }
  return { controller, trials };
}

/** What every controller must do. */
export function testController(kind: ControllerKind): void {
  describe(`${kind} controller`, () => {
    let whole: Awaited<ReturnType<typeof search>>;
    beforeAll(async () => {
      whole = await search(kind, 8);
    });

    test("propose() gives only valid architectures, none twice", () => {
      expect(whole.trials).toHaveLength(32);
      expect(whole.trials.every((trial) => isValid(options.space, trial.architecture))).toBe(true);
      expect(new Set(keys(whole.trials)).size).toBe(32);
    });

    test("propose() does not repeat what it proposed and was not told yet", async () => {
      const { controller, trials } = await search(kind, 3);
      const more = [...(await controller.propose(3)), ...(await controller.propose(3))];
      expect(new Set([...keys(trials), ...more.map(architectureKey)]).size).toBe(12 + 6);
    });

    test("propose() is deterministic under a seed and differs between seeds", async () => {
      const again = await search(kind, 4);
      expect(keys(again.trials)).toEqual(keys(whole.trials.slice(0, 16)));
      const other = await search(kind, 1, syntheticTrial, { ...options, seed: 8 });
      expect(keys(other.trials)).not.toEqual(keys(whole.trials.slice(0, 4)));
    });

    test("tell() with the journal's trials goes on as the unbroken search did", async () => {
      const resumed = createController(kind, options);
      await resumed.tell(whole.trials.filter((trial) => trial.episode < 6));
      const next = await resumed.propose(4);
      expect(next.map(architectureKey)).toEqual(keys(whole.trials.filter((trial) => trial.episode === 6)));
    });

    test("tell() survives failed trials, even when all fail", async () => {
      const { controller, trials } = await search(kind, 4, (a, episode) =>
        episode % 2 === 0 ? failedTrial(a, episode) : syntheticTrial(a, episode),
      );
      expect(controller.state()).toMatchObject({ told: 16, failed: 8, episode: 4 });
      expect(new Set(keys(trials)).size).toBe(16);
      const hopeless = await search(kind, 5, failedTrial);
      expect(hopeless.controller.state().best).toEqual([]);
    });

    test("propose() may give again what an earlier search tried, and state() counts none of that", async () => {
      const earlier = whole.trials;
      const small = { ...options.space, layers: [0, 1], hidden: [128], ffnMultiples: [1] };
      const warm = createController(kind, { ...options, space: small, earlier });
      const proposed = await warm.propose(count(small));
      expect(new Set(keys(proposed.map((architecture) => ({ architecture }))))).toEqual(
        new Set(enumerate(small).map(architectureKey)),
      );
      expect(warm.state()).toMatchObject({ told: 0, episode: 0, best: [] });
    });

    test("propose() gives what is left of a small space and then nothing", async () => {
      const small = { ...options, space: { ...options.space, layers: [0, 1], hidden: [128], ffnMultiples: [1] } };
      const left = count(small.space);
      const { trials, controller } = await search(kind, Math.ceil(left / 4) + 1, syntheticTrial, small);
      expect(trials).toHaveLength(left);
      expect(await controller.propose(4)).toEqual([]);
    });

    test("state() is JSON and names the best of each objective", async () => {
      const objectives: ControllerOptions["objectives"] = [budget, budgetObjective(2)];
      const { controller, trials } = await search(kind, 3, syntheticTrial, { ...options, objectives });
      const state = controller.state();
      expect(JSON.parse(JSON.stringify(state))).toEqual(state);
      const bests = objectives.map(({ name, reward }) => ({
        objective: name,
        reward: Math.max(...okTrials(trials).map((trial) => reward(trial.loss, trial.latencyMs))),
      }));
      expect(state.best).toMatchObject(bests);
    });

    test("the search improves on its own first episode", () => {
      const best = (some: Trial[]) => Math.max(...rewards(some));
      expect(best(whole.trials)).toBeGreaterThan(best(whole.trials.slice(0, 4)));
    });

    test.skipIf(kind === "random")("the last episodes are better on average than the first ones", () => {
      expect(mean(rewards(whole.trials.slice(-8)))).toBeGreaterThan(mean(rewards(whole.trials.slice(0, 8))));
    });
  });
}

function rewards(trials: readonly Trial[]): number[] {
  return okTrials(trials).map((trial) => budget.reward(trial.loss, trial.latencyMs));
}

function keys(trials: readonly { architecture: Architecture }[]): string[] {
  return trials.map((trial) => architectureKey(trial.architecture));
}
