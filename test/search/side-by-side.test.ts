import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { sideBySide } from "../../search/side-by-side.ts";

test("sideBySide() does works at the same time and gives their results in their order", async () => {
  const begun: string[] = [];
  const work = (name: string, ms: number) => async () => {
    begun.push(name);
    await pause(ms);
    expect(begun).toEqual(["slow", "fast"]);
    return name;
  };
  expect(await sideBySide([work("slow", 20), work("fast", 1)])).toEqual(["slow", "fast"]);
});

test("sideBySide() tells the others to end when one fails, and throws its error once they have", async () => {
  const ended: unknown[] = [];
  const patient = async (signal: AbortSignal) => {
    while (!signal.aborted) await pause(1);
    await pause(5);
    ended.push(signal.reason);
    signal.throwIfAborted();
  };
  const cause = new Error("not today");
  await expect(sideBySide([patient, () => Promise.reject(cause), patient])).rejects.toBe(cause);
  expect(ended).toEqual([cause, cause]);
});
