import fc from "fast-check";
import { expect, test } from "vitest";
import { ShedError } from "../../../serve/queue/shed-error.ts";
import { createSpeeds } from "../../../serve/queue/speeds.ts";
import { LateError } from "../../../serve/queue/take-batch.ts";
import { type Entry, settle, WaitingItems } from "../../../serve/queue/waiting-items.ts";
import { OverloadedError, UnavailableError } from "../../../src/errors.ts";

const lengths = [{ tokens: 32, p50Ms: 1, p95Ms: 1.5 }];
const student = { id: "a@1#0", manifest: { name: "a", latency: { cpu: "", threads: 1, runtime: "", lengths } } };
const once = { tokens: 10, idle: 1, now: 0, overheadMs: 0 };

function room(limit = 100) {
  const abandoned: number[] = [];
  const waiting = new WaitingItems({ speeds: createSpeeds(), limit, abandoned: (items) => void abandoned.push(items) });
  const ask = (key: string, texts: readonly string[], more: { aborted?: boolean; deadline?: number } = {}) => {
    const { aborted = false, deadline } = more;
    const client = { key, aborted };
    const items = texts.map((text) => ({ texts: [text], tokens: 10, priorMs: 1 }));
    const timely = deadline !== undefined && { deadline };
    return waiting.add({ student, input: "text", tasks: [], items, client, ...timely }, () => 3);
  };
  /** Takes one item, as a worker would. */
  const take = (): Entry[] => {
    const next = waiting.next(() => 1);
    return next ? waiting.take(next.key, once) : [];
  };
  const served = (): string[] => {
    const texts: string[] = [];
    for (let batch = take(); batch.length > 0; batch = take())
      texts.push(...batch.map((entry) => entry.texts[0] as string));
    return texts;
  };
  return { waiting, abandoned, ask, take, served };
}

const textOf = ({ texts }: Entry) => texts[0];

test("clients are served by turns, a single one in the order of its requests", () => {
  const { ask, served } = room();
  void ask("many", ["m1", "m2", "m3", "m4"]);
  void ask("few", ["f1"]);
  void ask("some", ["s1", "s2"]);
  expect(served()).toEqual(["m1", "f1", "s1", "m2", "s2", "m3", "m4"]);
});

test("an item that keeps its place is not overtaken by newcomers once places have begun anew", () => {
  const { waiting, ask, served } = room();
  void ask("old", ["o1", "o2", "o3"]);
  expect(served()).toHaveLength(3);
  const kept = { texts: ["kept"], tokens: 10, priorMs: 1, place: 2 };
  const client = { key: "old", aborted: false };
  void waiting.add({ student, input: "text", tasks: [], items: [kept], client }, () => 3);
  void ask("new", ["n1", "n2"]);
  expect(served()).toEqual(["kept", "n1", "n2"]);
});

test("aheadMs() counts only what would be served before this client", () => {
  const { waiting, ask } = room();
  void ask("many", ["m1", "m2", "m3", "m4"]);
  expect(waiting.aheadMs({ key: "many", aborted: false })).toBe(4);
  expect(waiting.aheadMs({ key: "new", aborted: false })).toBe(1);
});

test("add() refuses what does not find a place, and takes none of it", () => {
  const { waiting, ask } = room(3);
  void ask("a", ["1", "2"]);
  expect(() => ask("a", ["3", "4"])).toThrow(ShedError);
  expect(waiting.length).toBe(2);
});

test("a full queue makes room for a client that has fewer, by the newest request of the one that has most", async () => {
  const { waiting, ask, served } = room(4);
  void ask("many", ["m1", "m2"]);
  const newest = ask("many", ["m3", "m4"]);
  void ask("few", ["f1"]);
  const full = { name: "OverloadedError", reason: "queue_full", retryAfterSeconds: 3 };
  expect(await newest).toMatchObject([full, full]);
  expect(() => ask("many", ["m5", "m6"])).toThrow(OverloadedError);
  expect(waiting.length).toBe(3);
  expect(served()).toEqual(["m1", "f1", "m2"]);
});

test("nobody loses a place for a newcomer that would not find room all the same", () => {
  const { waiting, ask, served } = room(4);
  void ask("many", ["m1", "m2"]);
  void ask("many", ["m3"]);
  void ask("few", ["f1"]);
  // Without m3 there would be room for one; then the newcomer would have as many as whoever has most.
  expect(() => ask("new", ["n1", "n2"])).toThrow(OverloadedError);
  expect(waiting.length).toBe(4);
  expect(served()).toEqual(["m1", "f1", "m2", "m3"]);
});

test("a full queue makes room by several requests, of several clients, where one is not enough", async () => {
  const { waiting, ask, served } = room(6);
  void ask("a", ["a1", "a2"]);
  void ask("b", ["b1", "b2"]);
  const last = [ask("a", ["a3"]), ask("b", ["b3"])];
  void ask("new", ["n1", "n2"]);
  const full = { name: "OverloadedError", reason: "queue_full" };
  expect(await Promise.all(last)).toMatchObject([[full], [full]]);
  expect(waiting.length).toBe(6);
  expect(served().sort()).toEqual(["a1", "a2", "b1", "b2", "n1", "n2"]);
});

test("items of one student are answered apart where others answer along with it than before", () => {
  const { waiting } = room();
  const add = (text: string, members: readonly string[]) => {
    const items = [{ texts: [text], tokens: 10, priorMs: 1 }];
    const group = { student: { ...student, members }, input: "text", tasks: [], items } as const;
    void waiting.add({ ...group, client: { key: "a", aborted: false } }, () => 3);
  };
  add("alone", []);
  add("together", ["m@1#1"]);
  add("too", ["m@1#1"]);
  const batch = () => waiting.take(waiting.next(() => 1)?.key ?? "", { ...once, tokens: 100 }).map(textOf);
  expect([batch(), batch()]).toEqual([["alone"], ["together", "too"]]);
});

test("what is late or abandoned is never taken, and settles", async () => {
  const { ask, served, abandoned } = room();
  const gone = ask("a", ["gone"], { aborted: true });
  const late = ask("a", ["late"], { deadline: -1 });
  void ask("a", ["good"]);
  expect(served()).toEqual(["good"]);
  expect((await gone)[0]).toBeInstanceOf(UnavailableError);
  expect((await late)[0]).toBeInstanceOf(LateError);
  expect(abandoned).toEqual([1]);
});

test("every item settles once, whatever the order of requests, clients that leave and deadlines", async () => {
  const request = fc.record({
    key: fc.constantFrom("a", "b", "c"),
    texts: fc.array(fc.constant("x"), { minLength: 1, maxLength: 4 }),
    aborted: fc.boolean(),
    deadline: fc.constantFrom(-1, 1e9),
    takeAfter: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(request, { maxLength: 20 }), async (requests) => {
      const { waiting, ask, take } = room(12);
      const answers: Promise<unknown[]>[] = [];
      const run = (entries: Entry[]) => {
        for (const entry of entries) settle(entry, new Error("answered"));
      };
      for (const { key, texts, takeAfter, ...more } of requests) {
        try {
          answers.push(ask(key, texts, more));
        } catch (cause) {
          expect(cause).toBeInstanceOf(OverloadedError);
        }
        expect(waiting.length).toBeLessThanOrEqual(12);
        if (takeAfter) run(take());
      }
      while (waiting.length > 0) run(take());
      expect(waiting.workMs).toBe(0);
      for (const outcomes of await Promise.all(answers)) expect(outcomes.every((o) => o instanceof Error)).toBe(true);
    }),
  );
});
