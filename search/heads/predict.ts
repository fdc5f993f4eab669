import { logitsName } from "../../src/contract/graph-files.ts";
import { must } from "../../src/invariant.ts";
import { type Session, Tensor } from "../../src/onnx/session.ts";
import { stacked } from "../../src/onnx/stacked.ts";
import { takenBy } from "../../src/onnx/taken-by.ts";
import type { Batch } from "../../src/text/batch.ts";
import type { EncodedTexts } from "../student/encoded-task.ts";
import { batchOf, inferenceBatches } from "../teacher/hidden-states.ts";

/** Anything that gives pooled vectors and logits for a batch: a student's artefact, or the fine-tuned teacher. */
export interface Classifier {
  readonly padId: number;
  run(batch: Batch): Promise<Record<string, Tensor>>;
  /** The head of a task over pairs. */
  runPair(task: string, pairs: PairInputs): Promise<Tensor>;
}

/** Pooled vectors of both texts [pairs, hidden], and what they look like [pairs, surfaceWidth]. */
export type PairInputs = Readonly<Record<"source" | "target" | "surface", Tensor>>;

/** Logits of every row for one task, [rows][labels], in the order of the rows. */
export type Logits = readonly Float32Array[];

const tokensPerBatch = 2048;

interface StudentSessions {
  readonly model: Session;
  /** Of the tasks that were learned on the finished encoder; null where there are none. */
  readonly heads: Session | null;
  /** The graph of each task over pairs. */
  readonly pairs: ReadonlyMap<string, Session>;
}

/** A student's sessions as a classifier. */
export function studentClassifier({ model, heads, pairs }: StudentSessions, padId: number): Classifier {
  return {
    padId,
    run: async ({ rows, tokens, ids, mask }) => {
      const dims = [rows, tokens];
      const said = await model.run({ ids: new Tensor("int32", ids, dims), mask: new Tensor("float32", mask, dims) });
      return heads === null ? said : { ...said, ...(await heads.run({ pooled: must(said.pooled) })) };
    },
    runPair: (task, inputs) => runPairGraph(must(pairs.get(task), `graph of ${task}`), task, inputs),
  };
}

export async function runPairGraph(session: Session, task: string, inputs: PairInputs): Promise<Tensor> {
  return must((await session.run(takenBy(session, inputs)))[logitsName(task)]);
}

/** Logits of all tasks over single texts at once: one pass of the encoder serves them all. */
export async function textLogits(
  classifier: Classifier,
  sequences: readonly Int32Array[],
  tasks: readonly string[],
): Promise<Map<string, Logits>> {
  const outputs = await outputRows(classifier, sequences, tasks.map(logitsName));
  return new Map(tasks.map((task) => [task, must(outputs.get(logitsName(task)))]));
}

/** Logits of a task over pairs; of the tasks over single texts in `beside`, logits of both texts. */
export async function pairLogits(
  classifier: Classifier,
  task: string,
  pairs: readonly EncodedTexts[],
  beside: readonly string[] = [],
): Promise<PairLogits> {
  const sources = pairs.map(({ ids }) => ids);
  const targets = pairs.map(({ pairIds }) => must(pairIds, "other half of a pair"));
  const names = ["pooled", ...beside.map(logitsName)];
  const [source, target] = [await outputRows(classifier, sources, names), await outputRows(classifier, targets, names)];
  const of = (rows: typeof source, name: string) => must(rows.get(name));
  const surface = stacked(pairs.map((pair) => must(pair.surface, "surface of a pair")));
  const inputs = { source: stacked(of(source, "pooled")), target: stacked(of(target, "pooled")), surface };
  return {
    logits: rowsOf(await classifier.runPair(task, inputs)),
    beside: new Map(beside.map((name) => [name, [...of(source, logitsName(name)), ...of(target, logitsName(name))]])),
  };
}

export interface PairLogits {
  readonly logits: Logits;
  /** By task: first those of all sources, then those of all targets. */
  readonly beside: ReadonlyMap<string, Logits>;
}

export async function pooledRows(classifier: Classifier, sequences: readonly Int32Array[]): Promise<Float32Array[]> {
  return must((await outputRows(classifier, sequences, ["pooled"])).get("pooled"));
}

/** Rows of each named output, in the order of the sequences. */
async function outputRows(
  classifier: Classifier,
  sequences: readonly Int32Array[],
  names: readonly string[],
): Promise<Map<string, Float32Array[]>> {
  const all = new Map(names.map((name) => [name, new Array<Float32Array>(sequences.length)]));
  await forEachBatch(classifier, sequences, (outputs, indices) => {
    for (const [name, rows] of all)
      rowsOf(must(outputs[name])).forEach((row, i) => {
        rows[must(indices[i])] = row;
      });
  });
  return all;
}

async function forEachBatch(
  classifier: Classifier,
  sequences: readonly Int32Array[],
  visit: (outputs: Record<string, Tensor>, indices: readonly number[]) => void,
): Promise<void> {
  for (const indices of inferenceBatches(sequences, tokensPerBatch)) {
    visit(await classifier.run(batchOf(sequences, indices, classifier.padId)), indices);
  }
}

function rowsOf({ data, dims }: Tensor): Float32Array[] {
  const width = must(dims[1]);
  return Array.from({ length: must(dims[0]) }, (_, row) =>
    (data as Float32Array).slice(row * width, (row + 1) * width),
  );
}
