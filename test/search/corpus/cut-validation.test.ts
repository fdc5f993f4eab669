import { expect, test } from "vitest";
import { withCuts } from "../../../search/corpus/cut-validation.ts";
import { taskNamed } from "../../../src/tasks/index.ts";

test("withCuts() adds the beginnings of texts of which any part has the same label, and of no others", () => {
  const setOf = (task: string) => ({
    ...{ task, dataSet: "some", language: "en" },
    rows: [{ text: "one two three four", label: "en", language: "en" }],
  });
  const [language, filter] = [setOf("language"), setOf("filter")];
  const { validation } = withCuts({ validation: [language, filter] }, [taskNamed("language"), taskNamed("filter")]);
  expect(validation.slice(0, 2)).toEqual([language, filter]);
  expect(validation.slice(2).map(({ task, rows }) => [task, rows.map(({ text }) => text)])).toEqual([
    ["language", ["one two three"]],
  ]);
});
