import { expect, test } from "vitest";
import { studentName } from "../../search/student-name.ts";
import { createDeclaredTask } from "../../src/tasks/declared.ts";
import { tasks } from "../../src/tasks/index.ts";

const tickets = createDeclaredTask({ name: "tickets", input: "text", metric: "macroF1" });

test("studentName() is after the budget, the declared tasks, or what was given", () => {
  expect(studentName(tasks, null, 1.2)).toBe("budget-1.2ms");
  expect(studentName([...tasks, tickets], null, 0.1)).toBe("tickets-0.1ms");
  expect(studentName([tickets], "desk", 3)).toBe("desk-3ms");
});
