import { expect, test } from "vitest";
import { answerItems, toAskAgain } from "../../serve/answer.ts";
import { ShedError } from "../../serve/shed-error.ts";
import { LateError } from "../../serve/take-batch.ts";
import { eventually, startTestServer } from "../fixtures/test-server.ts";

test("answerItems() leaves what is late to those who want it in time, and gives it up for others", async () => {
  const server = await startTestServer([{ name: "only", layers: 0 }], { workers: 1 });
  const { app } = server;
  const blocked = server.post("/v1/sentiment", { inputs: "!block 900" });
  await eventually(() => expect(app.runner.idle(app.registry.students()[0]?.id ?? "")).toBe(0));
  const asked = { tasks: ["sentiment"], input: "text", client: { aborted: false }, student: "only" } as const;
  const question = { ...asked, budgetMs: 500, deadline: performance.now() + 500 };
  const ask = async (inTime: boolean) =>
    (await answerItems(app, { ...question, inTime }, [{ texts: ["good"] }])).answers;
  const [[kept], [given]] = await Promise.all([ask(true), ask(false)]);
  expect(kept).toBeInstanceOf(LateError);
  expect(given).toBeInstanceOf(ShedError);
  await blocked;
  await server.end();
});

test("toAskAgain() keeps the place in the queue of an item that was late, and of no other", () => {
  const items = ["a", "b", "c"].map((text) => ({ texts: [text] }));
  const answers = [new Error("failed"), new LateError(7), new LateError(9)];
  expect(toAskAgain(items, answers, [0, 2])).toEqual([{ texts: ["a"] }, { texts: ["c"], place: 9 }]);
});
