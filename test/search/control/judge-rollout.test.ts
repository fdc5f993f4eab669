import { expect, test } from "vitest";
import { judgeRollout } from "../../../search/control/judge-rollout.ts";
import { evidence, minute, startMs } from "./situation.ts";

const after = (minutes: number) => startMs + minutes * minute;

test("judgeRollout() waits for the rule's texts and minutes", () => {
  expect(judgeRollout(evidence({ texts: 500 }), after(20)).what).toBe("wait");
  expect(judgeRollout(evidence(), after(5))).toEqual({
    what: "wait",
    reason: "shadow 5 of 15 min, 2000 of 1000 texts",
  });
  expect(judgeRollout(evidence(), after(15)).what).toBe("advance");
});

test.each([
  ["too little agreement", { agreement: [{ task: "sentiment", texts: 2000, agreed: 1680 }] }, "same label on 84 %"],
  ["a slow candidate", { p95Ratio: 1.6 }, "p95 1.60 times the live student's, 1.5 allowed"],
  ["failures", { failed: 10 }, "10 of 2000 texts failed"],
])("judgeRollout() rolls back after %s", (_, change, reason) => {
  const verdict = judgeRollout(evidence(change), after(20));
  expect(verdict.what).toBe("roll-back");
  expect(verdict.reason).toContain(reason);
});

test("judgeRollout() rolls a surely bad candidate back before its time", () => {
  const bad = evidence({ texts: 60, agreement: [{ task: "filter", texts: 60, agreed: 20 }] });
  expect(judgeRollout(bad, after(1)).what).toBe("roll-back");
  const unlucky = evidence({ texts: 60, agreement: [{ task: "filter", texts: 60, agreed: 49 }] });
  expect(judgeRollout(unlucky, after(1)).what).toBe("wait");
  expect(judgeRollout(evidence({ suspended: true }), after(1)).what).toBe("roll-back");
});

test("judgeRollout() rolls back what was not shown in time", () => {
  const { what, reason } = judgeRollout(evidence({ texts: 12 }), after(24 * 60 + 1));
  expect(what).toBe("roll-back");
  expect(reason).toContain("not passed within 1440 min: 12 of 1000 texts");
});
