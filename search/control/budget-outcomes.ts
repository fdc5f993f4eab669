/** Requests that brought a latency budget, by what became of them, once for each task that they asked: `kdnas_budget_total`. */
export interface BudgetOutcomes {
  readonly met: number;
  readonly downgraded: number;
  readonly missed: number;
  /** No student had time or room for them. */
  readonly refused: number;
}

export function askedOf({ met, downgraded, missed, refused }: BudgetOutcomes): number {
  return met + downgraded + missed + refused;
}

/** Shares of those that were asked; null where none was. */
export function budgetShares(budgets: BudgetOutcomes): { readonly burnt: number; readonly downgraded: number } | null {
  const asked = askedOf(budgets);
  if (asked === 0) return null;
  return { burnt: (budgets.missed + budgets.refused) / asked, downgraded: budgets.downgraded / asked };
}
