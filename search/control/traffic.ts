import type { Traffic } from "./observation.ts";
import type { ServerWindow, StudentWindow } from "./server-window.ts";

/** Windows of several servers as one; null without any. */
export function toTraffic(windows: readonly ServerWindow[]): Traffic | null {
  if (windows.length === 0) return null;
  const total = (of: (window: ServerWindow) => number) => windows.reduce((sum, window) => sum + of(window), 0);
  const lengths = addLengths(windows);
  const read = lengths.reduce((sum, { texts }) => sum + texts, 0);
  return {
    seconds: Math.max(...windows.map(({ seconds }) => seconds)),
    servers: windows.length,
    workers: windows.some(({ workers }) => workers === null) ? null : total(({ workers }) => workers ?? 0),
    texts: total(({ texts }) => texts),
    budgets: {
      met: total(({ budgets }) => budgets.met),
      downgraded: total(({ budgets }) => budgets.downgraded),
      missed: total(({ budgets }) => budgets.missed),
      refused: total(({ budgets }) => budgets.refused),
    },
    lengths,
    meanTokens: read === 0 ? null : lengths.reduce((sum, { tokens, texts }) => sum + tokens * texts, 0) / read,
    students: addStudents(windows.flatMap(({ students }) => students)),
    drift: windows.flatMap(({ drift }) => drift),
    corrections: total(({ corrections }) => corrections),
  };
}

function addLengths(windows: readonly ServerWindow[]): Traffic["lengths"] {
  const sums = new Map<number, number>();
  for (const { tokens, texts } of windows.flatMap(({ lengths }) => lengths))
    sums.set(tokens, (sums.get(tokens) ?? 0) + texts);
  return [...sums].map(([tokens, texts]) => ({ tokens, texts })).sort((a, b) => a.tokens - b.tokens);
}

function addStudents(students: readonly StudentWindow[]): Traffic["students"] {
  const names = [...new Set(students.map(({ name }) => name))];
  return names.map((name) => {
    const own = students.filter((student) => student.name === name);
    const texts = own.reduce((sum, student) => sum + student.texts, 0);
    const worked = own.reduce((sum, student) => sum + student.workedSeconds, 0);
    const rated = own.filter(({ errorRatio, texts: n }) => errorRatio !== null && n > 0);
    const weight = rated.reduce((sum, student) => sum + student.texts, 0);
    return {
      name,
      texts,
      meanMs: texts === 0 ? null : (1000 * worked) / texts,
      errorRatio:
        weight === 0 ? null : rated.reduce((sum, { errorRatio, texts: n }) => sum + (errorRatio ?? 0) * n, 0) / weight,
    };
  });
}
