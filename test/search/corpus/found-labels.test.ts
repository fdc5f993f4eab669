import { expect, test } from "vitest";
import { collect } from "../../../search/corpus/collect.ts";
import { type DataSet, readDataFolder } from "../../../search/corpus/datasets.ts";
import { foundLabels } from "../../../search/corpus/found-labels.ts";
import { Limits } from "../../../search/corpus/limits.ts";
import { HeldOut } from "../../../search/corpus/split.ts";
import { BadFileError } from "../../../src/errors.ts";
import { createDeclaredTask } from "../../../src/tasks/declared.ts";
import { dataFolder } from "./data-folder.ts";

const tickets = createDeclaredTask({ name: "tickets", input: "text", metric: "macroF1" });

/** Labels of a task of these rows, of which no more than two are drawn for training. */
async function labelsOf(...rows: readonly (readonly string[])[]): Promise<readonly string[]> {
  const columns = ["split", "label", "text"];
  const folder = dataFolder({ name: "desk", task: "corpus", languages: ["en"], columns, rows });
  const { dataSets } = await readDataFolder(folder);
  const limits = Limits.parse({ labelledPerLanguage: 2 });
  return foundLabels(tickets, [await collect(folder, dataSets[0] as DataSet, tickets, 1, limits, new HeldOut())]);
}

const login = ["train", "login", "I cannot sign in."];
const billing = ["train", "billing", "I was charged twice."];

test("foundLabels() are those of all training rows, sorted, drawn or not", async () => {
  const more = ["delivery", "refund", "fault"].map((label) => ["train", label, `About ${label}.`]);
  expect(await labelsOf(login, billing, ...more, login)).toEqual(["billing", "delivery", "fault", "login", "refund"]);
});

test("foundLabels() refuses fewer than two, and a label that only validation rows have", async () => {
  await expect(labelsOf(login, login)).rejects.toThrow("its training rows have 1 labels");
  await expect(labelsOf(["Train", "login", "Let me in."], ["test", "billing", "Twice."])).rejects.toThrow(
    'tickets: its training rows have 0 labels, and a task has at least two; nothing is learned from the split "Train"',
  );
  const slip = labelsOf(login, billing, ["val", "logon", "I am locked out."]);
  await expect(slip).rejects.toBeInstanceOf(BadFileError);
  await expect(slip).rejects.toThrow(
    'desk.tsv.gz:4: the label "logon" is on no training row of tickets (those have billing, login)',
  );
});
