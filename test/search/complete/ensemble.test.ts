import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { checkEnsemble, readEnsemble } from "../../../search/complete/ensemble.ts";
import { believable, taughtTasks, whatIsLeft } from "../../../search/complete/taught-tasks.ts";
import { fullTrust } from "../../../search/heads/teacher-trust.ts";
import type { FineTunedTeacher } from "../../../search/teacher/fine-tune.ts";
import { must } from "../../../src/invariant.ts";
import { accuracy, argmax } from "../../../src/stats.ts";
import { tinyTokenizerJson } from "../../fixtures/tiny-tokenizer.ts";
import { fresh, known, labels, madeConfig, makeStudent, materialsOf, rows } from "../made-student.ts";

let made: Awaited<ReturnType<typeof makeStudent>>;

beforeAll(async () => {
  made = await makeStudent();
  return () => made.remove();
});

test("taughtTasks() gives texts without a label what an ensemble of students says of them, and others some of it", async () => {
  const { folder, candidate } = await made.finished();
  const plain = materialsOf(fresh, made.materials.tokenizerPath);
  const judged = rows(known, 90, 7);
  const corpus = { ...plain.corpus, unlabelled: judged };
  const ensemble = readEnsemble([candidate.files.folder, candidate.files.folder]);
  const config = { ...madeConfig, effort: { softTokens: 0 }, ensemble };
  const materials = { ...plain, corpus, tuned: [], cacheFolder: folder };
  const { examples } = must((await taughtTasks(config, materials, () => {}))[0]);
  const labelled = must(plain.tasks[0]).examples;
  const labels = new Map(judged.map(({ text, label }) => [plain.tokenizer.encode(text, 64).ids.join(), Number(label)]));
  const added = examples.slice(labelled.length);
  expect(added).toHaveLength(labels.size);
  const truth = added.map(({ ids }) => must(labels.get(ids.join())));
  expect(
    accuracy(
      truth,
      added.map(({ target }) => argmax(target)),
    ),
  ).toBeGreaterThan(0.95);
  // Of words that it never saw it says this and that, so that nothing is as sure any more as its label.
  const surest = (of: typeof labelled) => Math.max(...of.map(({ target }) => Math.max(...target)));
  expect(surest(examples.slice(0, labelled.length))).toBeLessThan(surest(labelled));
}, 60_000);

test("whatIsLeft() leaves the sets to a teacher that it is believed about, and no task that it does not know", () => {
  const tasks = [{ name: "sentiment", labels }];
  const left = whatIsLeft([{ tasks }], (_, dataSet) => (dataSet === "reviews" ? 0 : 0.5));
  const believed = ["tweets", "reviews", null].filter((dataSet) => left("sentiment", dataSet));
  expect(believed).toEqual(["reviews", null]);
  expect(left("filter", "tweets")).toBeGreaterThan(0);
  expect(whatIsLeft([], fullTrust)("sentiment", "tweets")).toBeGreaterThan(0);
});

test("believable() leaves texts out about which no teacher is believed, and keeps those that only another task has labels for", () => {
  const teachers = [{ tasks: [{ name: "sentiment", labels }] }];
  const text = (task: string | null, dataSet: string) => ({
    ...{ ids: Int32Array.of(1), pairIds: null, surface: null },
    ...{ task, dataSet },
  });
  const texts = [
    text("sentiment", "tweets"),
    text("sentiment", "reviews"),
    text("filter", "comments"),
    text(null, "web"),
  ];
  const kept = (believed: string | null) =>
    believable(texts, teachers, (_, dataSet) => Number(dataSet === believed)).map(({ dataSet }) => dataSet);
  expect(kept("tweets")).toEqual(["tweets"]);
  expect(kept(null)).toEqual(["comments", "web"]);
});

test("taughtTasks() asks no teacher that means other labels", async () => {
  const { folder } = await made.finished();
  const tasks = [{ name: "sentiment", labels: [...labels].reverse() }];
  const tuned = [{ folder: "runs/teacher/abc", tasks } as unknown as FineTunedTeacher];
  const materials = { ...made.materials, tuned, cacheFolder: folder };
  const asking = taughtTasks({ ...madeConfig, effort: { softTokens: 1 } }, materials, () => {});
  await expect(asking).rejects.toThrow("runs/teacher/abc: its labels of sentiment are positive,neutral,negative");
}, 60_000);

test("checkEnsemble() refuses students that read other tokens or mean other labels", async () => {
  const { folder, candidate } = await made.finished();
  const ensemble = readEnsemble([candidate.files.folder]);
  const { tokenizerPath, tasks } = made.materials;
  checkEnsemble(ensemble, tokenizerPath, tasks);
  const other = join(folder, "other.json");
  writeFileSync(other, `${JSON.stringify(tinyTokenizerJson())}\n`);
  expect(() => checkEnsemble(ensemble, other, tasks)).toThrow(/its tokeniser is another/);
  const turned = tasks.map((task) => ({ ...task, labels: [...task.labels].reverse() }));
  expect(() => checkEnsemble(ensemble, tokenizerPath, turned)).toThrow(/its labels of sentiment are/);
}, 60_000);
