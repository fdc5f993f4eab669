import { expect, test } from "vitest";
import { decide } from "../../../search/control/decide.ts";
import type { Observation } from "../../../search/control/observation.ts";
import { type ControlSettings, standardSettings as settings } from "../../../search/control/settings.ts";
import { initialState } from "../../../search/control/state.ts";
import { evidence, minute, observation, ranking, slot, startMs, traffic, trained } from "./situation.ts";

/** Decides window after window, and gives the kinds of the decisions. */
function course(windows: number, at: (atMs: number, i: number) => Observation, own: ControlSettings = settings) {
  let state = initialState();
  return Array.from({ length: windows }, (_, i) => {
    const { decision, reason, nextState } = decide(at(startMs + i * minute, i), state, own);
    state = nextState;
    return { kind: decision.kind, reason, decision };
  });
}

const kinds = (windows: number, at: (atMs: number, i: number) => Observation) =>
  course(windows, at).map(({ kind }) => kind);
const burning = traffic({ budgets: { met: 5000, downgraded: 0, missed: 600, refused: 400 } });

test("decide() does nothing while all is well, and says with which numbers", () => {
  const [first] = course(20, (atMs) => observation(atMs));
  expect(kinds(20, (atMs) => observation(atMs))).toEqual(Array(20).fill("nothing"));
  expect(first?.reason).toBe("6000 texts in 60 s, 0 % of budgets missed; no signal is on");
});

test("decide() never acts on metrics that are missing, whatever else it knows", () => {
  const blind = (atMs: number) =>
    observation(atMs, {
      traffic: null,
      servers: {
        asked: 2,
        refused: [
          { server: "a", reason: "absurd" },
          { server: "b", reason: "it does not answer" },
        ],
      },
      rollouts: [evidence({ failed: 1000 })],
      ranking: ranking(atMs, [slot({ best: trained({ version: "b", worth: 0.9 }) })]),
    });
  expect(kinds(10, blind)).toEqual(Array(10).fill("nothing"));
  expect(course(1, blind)[0]?.reason).toContain("0 of 2 servers can be used (a: absurd; b: it does not answer)");
});

test("decide() does nothing on a window with few texts, or with most servers refused", () => {
  const few = course(1, (atMs) => observation(atMs, { traffic: traffic({ texts: 20 }) }));
  expect(few[0]).toMatchObject({ kind: "nothing", reason: "20 texts in 60 s, 100 needed to tell anything" });
  const servers = {
    asked: 3,
    refused: [
      { server: "a", reason: "x" },
      { server: "b", reason: "x" },
    ],
  };
  expect(kinds(5, (atMs) => observation(atMs, { servers, traffic: burning }))).toEqual(Array(5).fill("nothing"));
});

test("decide() ranks anew once a signal has held for three windows, once as long as it lasts", () => {
  const result = kinds(5, (atMs, i) => {
    return observation(atMs, {
      traffic: burning,
      ranking: ranking(i > 2 ? startMs + 2 * minute : startMs - minute),
    });
  });
  expect(result).toEqual(["nothing", "nothing", "re-rank", "nothing", "nothing"]);
});

test("decide() forgets a signal that was on its way when metrics fail in between", () => {
  const result = kinds(5, (atMs, i) => observation(atMs, { traffic: i === 2 ? null : burning }));
  expect(result).toEqual(Array(5).fill("nothing"));
});

test("decide() does not flicker on a value that swings between the thresholds", () => {
  const swinging = (i: number) =>
    traffic({ budgets: { met: 5700 - (i % 2) * 200, downgraded: 0, missed: 180 + (i % 2) * 200, refused: 0 } });
  expect(kinds(60, (atMs, i) => observation(atMs, { traffic: swinging(i) }))).toEqual(Array(60).fill("nothing"));
});

test("decide() puts a student of more worth into the shadow, one that was live into the canary", () => {
  const at = (wasLive: boolean) => (atMs: number) => {
    const best = trained({ version: "b".repeat(12), score: 0.7, worth: 0.7, wasLive });
    return observation(atMs, { ranking: ranking(atMs, [slot({ best })]) });
  };
  const [shadow, again] = course(2, at(false));
  expect(shadow?.decision).toMatchObject({ kind: "start-shadow", student: "budget-2ms" });
  expect(shadow?.reason).toContain("worth 66 %");
  expect(again?.kind).toBe("nothing");
  expect(kinds(1, at(true))).toEqual(["switch-student"]);
});

test("decide() puts a less accurate student forward only when budgets are seen to be missed", () => {
  const best = trained({ version: "b".repeat(12), score: 0.6, worth: 0.6, expectedMs: 0.4 });
  const slots = [slot({ live: trained({ share: 0.4, worth: 0.5 }), best })];
  const at = (seen: ReturnType<typeof traffic>) => (atMs: number) =>
    observation(atMs, { traffic: seen, ranking: ranking(atMs, slots) });
  expect(kinds(5, at(traffic()))).toEqual(Array(5).fill("nothing"));
  expect(kinds(3, at(burning))).toEqual(["nothing", "nothing", "switch-student"]);
});

test("decide() searches for corrections once, and not while a search runs", () => {
  const corrected = traffic({ corrections: 250 });
  const giving = { ...settings, givesFeedback: true };
  const [first] = course(1, (atMs) => observation(atMs, { traffic: corrected }), giving);
  expect(first?.decision).toEqual({
    kind: "search",
    because: "corrections",
    wanted: [{ student: "budget-2ms", budgetMs: 1.8 }],
    ofProduction: false,
  });
  const search = { status: "running", id: "control-1", endedAtMs: null, said: "trial 3 of 14" } as const;
  const [running] = course(1, (atMs) => observation(atMs, { traffic: corrected, search }), giving);
  expect(running).toMatchObject({ kind: "nothing", reason: "search control-1 runs: trial 3 of 14" });
});

test("decide() begins no search for corrections that it would not be given, and says what gives them", () => {
  const [first] = course(1, (atMs) => observation(atMs, { traffic: traffic({ corrections: 250 }) }));
  expect(first?.kind).toBe("nothing");
  expect(first?.reason).toContain('250 corrections came in, which no search is given: --search="--feedback FOLDER"');
});

test("decide() looks at budgets of production's texts where production ranked, and says so", () => {
  const at = (ofProduction: boolean) => (atMs: number) =>
    observation(atMs, {
      traffic: burning,
      ranking: ranking(atMs, [slot({ live: trained({ share: 0.4, worth: 0.3 }) })], { ofProduction }),
    });
  const [, , offline] = course(3, at(false));
  const [, , aimed] = course(3, at(true));
  expect(offline?.decision).toMatchObject({ kind: "search", because: "unfit", ofProduction: false });
  expect(offline?.reason).toContain("so look at 1.8 ms offline");
  expect(aimed?.decision).toMatchObject({ kind: "search", because: "unfit", ofProduction: true });
  expect(aimed?.reason).toContain("so look at 1.8 ms of production");
});

test("decide() follows a rollout by its rule and begins nothing beside it", () => {
  const later = startMs + 20 * minute;
  const step = (change: Parameters<typeof evidence>[0]) =>
    decide(observation(later, { rollouts: [evidence(change)], traffic: burning }), initialState(), settings).decision
      .kind;
  expect(step({})).toBe("to-canary");
  expect(step({ stage: "canary", agreement: [] })).toBe("promote");
  expect(step({ texts: 10, agreement: [] })).toBe("nothing");
  expect(step({ agreement: [{ task: "sentiment", texts: 100, agreed: 40 }] })).toBe("roll-back");
});

test("decide() does not repeat what waits for an operator", () => {
  const waiting = ["to-canary budget-2ms"];
  const seen = observation(startMs + 20 * minute, { rollouts: [evidence()], waiting });
  const { decision, reason } = decide(seen, initialState(), settings);
  expect(decision.kind).toBe("nothing");
  expect(reason).toContain("to-canary waits for an operator");
});

test("decide() recalibrates when the expected speed is off, and not when calibration knows of it", () => {
  const slow = traffic({ students: [{ name: "budget-2ms", texts: 6000, meanMs: 2, errorRatio: 2 }] });
  expect(kinds(3, (atMs) => observation(atMs, { traffic: slow }))).toEqual(["nothing", "nothing", "recalibrate"]);
  expect(kinds(5, (atMs) => observation(atMs, { traffic: slow, calibrated: { "budget-2ms": 2 } }))).toEqual(
    Array(5).fill("nothing"),
  );
});
