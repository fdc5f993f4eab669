import { expect, test } from "vitest";
import { chooseTasks } from "../../../search/corpus/choose-tasks.ts";
import { ConfigError } from "../../../src/errors.ts";
import { createDeclaredTask } from "../../../src/tasks/declared.ts";
import { tasks } from "../../../src/tasks/index.ts";

const tickets = createDeclaredTask({ name: "tickets", input: "text", metric: "macroF1" });
const all = [...tasks, tickets];
const sample = { given: false, dataSets: tasks.map(({ dataTask }) => ({ task: dataTask })) };
const own = { given: true, dataSets: [{ task: "tickets" }, { task: "corpus" }] };
const names = (chosen: ReturnType<typeof chooseTasks>) => chosen.map(({ name }) => name);

test("chooseTasks() takes the tasks that the given folders have labelled sets of, not the sample's", () => {
  expect(names(chooseTasks(all, [own, sample], undefined))).toEqual(["tickets"]);
  const pairs = { given: true, dataSets: [{ task: "pairs" }] };
  expect(names(chooseTasks(all, [own, pairs, sample], undefined))).toEqual(["adequacy", "tickets"]);
});

test("chooseTasks() takes the sample's tasks when no folder has a labelled set", () => {
  expect(names(chooseTasks(all, [sample], undefined))).toEqual(tasks.map(({ name }) => name));
  const texts = { given: true, dataSets: [{ task: "corpus" }] };
  expect(names(chooseTasks(all, [texts, sample], undefined))).toEqual(tasks.map(({ name }) => name));
});

test("chooseTasks() takes a task of the sample along with the one that it is learned beside, and not without it", () => {
  const insult = createDeclaredTask({ name: "insult", input: "text", metric: "macroF1", beside: "filter" });
  const both = [...all, insult];
  const richer = { ...sample, dataSets: [...sample.dataSets, { task: "insult" }] };
  const filtering = { given: true, dataSets: [{ task: "filter" }] };
  expect(names(chooseTasks(both, [filtering, richer], undefined))).toEqual(["filter", "insult"]);
  expect(names(chooseTasks(both, [own, richer], undefined))).toEqual(["tickets"]);
  expect(names(chooseTasks(both, [filtering, richer], ["filter"]))).toEqual(["filter"]);
});

test("chooseTasks() takes the named tasks, also those that only the sample has rows of", () => {
  expect(names(chooseTasks(all, [own, sample], ["tickets", "filter"]))).toEqual(["filter", "tickets"]);
  expect(names(chooseTasks(all, [own, sample], "all"))).toEqual(names(all));
});

test("chooseTasks() refuses a task that there are no data for, and names those there are", () => {
  expect(() => chooseTasks(all, [sample], ["tickets"])).toThrow(ConfigError);
  expect(() => chooseTasks(all, [sample], ["tickets"])).toThrow(
    "no data for the task tickets; there are filter, sentiment, language, adequacy",
  );
});
