import { isDeepStrictEqual } from "node:util";
import type { Manifest } from "../../src/contract/manifest.ts";
import { ConfigError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import type { Log } from "../command/command.ts";
import type { Corpus } from "../corpus/assemble.ts";

type OwnTask = Pick<Manifest["tasks"][number], "name" | "labels">;

interface Finished extends Pick<Manifest, "name"> {
  readonly tasks: readonly OwnTask[];
}

/** More names than this are only counted. */
const namedLabels = 20;

/**
 * The corpus with the labels that a finished student has, since its heads have an output for each, in their order. Whoever trains one
 * further seldom has all the data that it was made of: a label without rows is learned no further. Rows of a language
 * that it does not know are left out; of other tasks a new label is meant to be learned, which a finished head cannot.
 * @throws {ConfigError} for such a label, and where a score lies between other labels than the student's
 */
export function withLabelsOf({ name, tasks }: Finished, corpus: Corpus, log: Log): Corpus {
  return tasks.reduce((adapted, task) => {
    const found = corpus.labels.get(task.name);
    if (found === undefined || isDeepStrictEqual(found, task.labels)) return adapted;
    refuseOtherEnds(name, task, corpus);
    refuseNewLabels(name, task, corpus);
    const foreign = found.filter((label) => !task.labels.includes(label));
    log(differences(name, task, found, foreign));
    return withLabels(task, adapted, new Set(foreign));
  }, corpus);
}

/**
 * The corpus that some students are judged by together, each of which has learned from these data: with the labels that all students of a
 * task share. Where theirs differ it keeps its own, and judges those that have the same.
 */
export function withSharedLabels(students: readonly Finished[], corpus: Corpus): Corpus {
  const all = students.flatMap(({ tasks }) => tasks);
  const isShared = ({ name, labels }: OwnTask) =>
    all.every((other) => other.name !== name || isDeepStrictEqual(other.labels, labels));
  return students.reduce(
    (adapted, { name, tasks }) => withLabelsOf({ name, tasks: tasks.filter(isShared) }, adapted, () => {}),
    corpus,
  );
}

/** Between other ends a score would mean something else; rows of labels name theirs. */
function refuseOtherEnds(student: string, { name, labels }: OwnTask, corpus: Corpus): void {
  const task = corpus.tasks.find((one) => one.name === name);
  if (task?.metric !== "pearson") return;
  throw new ConfigError(
    `${student}: these data say that ${name} lies between ${task.labels?.join(" and ")}, and it answers between ${labels.join(" and ")}: ` +
      "to train it further, declare the labels that it has, in its order",
  );
}

/** Of a certain task, as the language of a text is, which labels there are is found in the data, by no user's intent. */
function refuseNewLabels(student: string, { name, labels }: OwnTask, corpus: Corpus): void {
  const added = must(corpus.labels.get(name)).filter((label) => !labels.includes(label));
  if (added.length === 0 || corpus.tasks.find((task) => task.name === name)?.certain === true) return;
  throw new ConfigError(
    `${student}: these data give ${name} labels that it does not have (${added.join(", ")}): a finished head has no output for them; ` +
      "npm run search makes students that do",
  );
}

function differences(student: string, { name, labels }: OwnTask, found: readonly string[], foreign: readonly string[]) {
  const without = labels.filter((label) => !found.includes(label));
  const parts = [
    without.length > 0 && `${named(without)} of ${labels.length} labels without rows are learned no further`,
    foreign.length > 0 && `rows of ${named(foreign)} that it does not have are left out`,
  ];
  return `${student} · ${name}: ${parts.filter((part) => part !== false).join("; ") || "labels in another order"}`;
}

function named(labels: readonly string[]): string {
  return labels.length > namedLabels ? String(labels.length) : `${labels.length} (${labels.join(", ")})`;
}

function withLabels({ name, labels }: OwnTask, corpus: Corpus, foreign: ReadonlySet<string>): Corpus {
  const train = must(corpus.train.get(name)).filter(({ label }) => !foreign.has(label));
  const validation = corpus.validation.flatMap((set) => {
    if (set.task !== name) return [set];
    const rows = set.rows.filter(({ label }) => !foreign.has(label));
    return rows.length === 0 ? [] : [{ ...set, rows }];
  });
  return {
    ...corpus,
    train: new Map([...corpus.train, [name, train]]),
    labels: new Map([...corpus.labels, [name, labels]]),
    validation,
  };
}
