import { expect, test } from "vitest";
import { tasksName } from "../../../search/complete/tasks-name.ts";

test("tasksName() joins names, in their order, as long as that is short", () => {
  expect(tasksName(["sentiment", "filter"])).toBe("sentiment-filter");
  expect(tasksName(["a".repeat(200)])).toBe("a".repeat(200));
});

test("tasksName() is a hash of names that no folder could have, whatever their order, and another for others", () => {
  const many = Array.from({ length: 20 }, (_, i) => `attribute-${i}`);
  expect(tasksName(many)).toMatch(/^[0-9a-f]{12}$/);
  expect(tasksName(many.toReversed())).toBe(tasksName(many));
  expect(tasksName(many.slice(1))).not.toBe(tasksName(many));
});
