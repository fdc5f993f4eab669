/** Token lengths at which artefacts are timed; budgets are meant at `budgetTokens`. */
export const timedLengths = [8, 16, 32, 64, 128];
export const budgetTokens = 32;
