import { expect, test } from "vitest";
import { budgetShares } from "../../../search/control/budget-outcomes.ts";
import { toServerWindow } from "../../../search/control/server-window.ts";
import { parseMetricsText } from "../../../search/reward/metrics-text.ts";
import { freshMetrics } from "../metrics-server.ts";

test("toServerWindow() counts requests with a budget in one unit, those that were refused too", async () => {
  const metrics = freshMetrics([]);
  metrics.observeQueue({ depth: () => 0, limit: 100, workers: 1 });
  metrics.budget("sentiment", "one", "met");
  metrics.budget("sentiment", "one", "missed");
  for (const task of ["sentiment", "filter"]) metrics.budgetRefused(task);
  metrics.shed("budget", 100);
  const { budgets } = toServerWindow(parseMetricsText(await metrics.text()), 60);
  expect(budgets).toEqual({ met: 1, downgraded: 0, missed: 1, refused: 2 });
  expect(budgetShares(budgets)).toEqual({ burnt: 0.75, downgraded: 0 });
});

test("budgetShares() says nothing where no request brought a budget", () => {
  expect(budgetShares({ met: 0, downgraded: 0, missed: 0, refused: 0 })).toBeNull();
});
