import { expect, test } from "vitest";
import { CalledThread } from "../../../src/threads/called-thread.ts";
import type { Request } from "./answering-thread.ts";

function startThread() {
  const deaths: string[] = [];
  const thread = new CalledThread<Request>(new URL("./answering-thread.ts", import.meta.url), {
    onDeath: (reason) => deaths.push(reason),
    toError: ({ message }) => new Error(message),
    lost: (reason) => new Error(`lost: ${reason}`),
  });
  return { thread, deaths };
}

test("a thread that is closed has not died", async () => {
  const { thread, deaths } = startThread();
  expect(await thread.call({ kind: "echo", value: 3 })).toBe(3);
  await thread.close();
  expect(thread.isDead).toBe(true);
  expect(deaths).toEqual([]);
  await expect(thread.call({ kind: "echo", value: 3 })).rejects.toThrow("lost: it ended with code 0");
});

test("a thread that ends by itself is told of once, and its calls fail", async () => {
  const { thread, deaths } = startThread();
  await expect(thread.call({ kind: "die" })).rejects.toThrow("lost: it ended with code 3");
  expect(deaths).toEqual(["it ended with code 3"]);
});

test("a call that cannot be sent fails and is not waited for", async () => {
  const { thread } = startThread();
  await expect(thread.call({ kind: "echo", value: () => 1 })).rejects.toThrow(/could not be cloned/);
  expect(thread.outstanding).toBe(0);
  await thread.close();
});
