import { expect, onTestFinished, test } from "vitest";
import { answerItems, toAskAgain } from "../../../serve/answering/answer.ts";
import { ShedError } from "../../../serve/queue/shed-error.ts";
import { LateError } from "../../../serve/queue/take-batch.ts";
import { eventually, startTestServer } from "../../fixtures/test-server.ts";

test("answerItems() leaves what is late to those who want it in time, and gives it up for others", async () => {
  const server = await startTestServer([{ name: "only", layers: 0 }], { workers: 1 });
  onTestFinished(() => server.end());
  const release = await server.hold();
  const asked = { tasks: ["sentiment"], input: "text", client: { aborted: false }, student: "only" } as const;
  const question = { ...asked, budgetMs: 500, deadline: performance.now() + 500 };
  const ask = async (inTime: boolean) =>
    (await answerItems(server.app, { ...question, inTime }, [{ texts: ["good"] }])).answers;
  const answers = Promise.all([ask(true), ask(false)]);
  await eventually(() => expect(performance.now()).toBeGreaterThan(question.deadline));
  await release();
  const [[kept], [given]] = await answers;
  expect(kept).toBeInstanceOf(LateError);
  expect(given).toBeInstanceOf(ShedError);
});

test("toAskAgain() keeps the place in the queue of an item that was late, and of no other", () => {
  const items = ["a", "b", "c"].map((text) => ({ texts: [text] }));
  const answers = [new Error("failed"), new LateError(7), new LateError(9)];
  expect(toAskAgain(items, answers, [0, 2])).toEqual([{ texts: ["a"] }, { texts: ["c"], place: 9 }]);
});
