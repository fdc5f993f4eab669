import { createHash } from "node:crypto";
import { must } from "../../src/invariant.ts";
import { openSession, type Session } from "../../src/onnx/session.ts";
import { taskOf } from "../../src/tasks/index.ts";
import { headOf } from "../student/encoded-task.ts";
import { inferenceGraph, pairGraph } from "../student/inference-graph.ts";
import type { Precision } from "../student/inference-tensors.ts";
import { tableName, weightOf } from "../student/weights.ts";
import { addWeights } from "../student/weights-hash.ts";
import type { FineTunedTeacher } from "../teacher/fine-tune.ts";
import { embeddedFeeds } from "../teacher/hidden-states.ts";
import type { Adviser } from "./kept-logits.ts";
import { type Classifier, runPairGraph } from "./predict.ts";

export interface TeacherClassifier extends Classifier {
  release(): Promise<void>;
}

/**
 * The fine-tuned teacher behind the same interface as a student. In fp32 it is what students are measured against; int8 is for
 * asking it about many texts.
 */
export async function teacherClassifier(
  teacher: FineTunedTeacher,
  threads: number,
  precision: Precision = "fp32",
): Promise<TeacherClassifier> {
  const heads = teacher.tasks.map((entry) => headOf(taskOf(entry), entry.labels));
  const graph = inferenceGraph(teacher.architecture, teacher.weights, {
    precision,
    layerNormEpsilon: teacher.layerNormEpsilon,
    heads: heads.filter((head) => head.input === "text"),
    tableOutside: true,
  });
  const model = await openSession(graph, { threads });
  const pairs = new Map<string, Session>();
  for (const head of heads.filter(({ input }) => input === "pair")) {
    pairs.set(
      head.task,
      await openSession(pairGraph(teacher.architecture, teacher.weights, head, "fp32"), { threads }),
    );
  }
  const table = weightOf(teacher.weights, tableName).data;
  return {
    padId: teacher.padId,
    run: (batch) => model.run(embeddedFeeds(batch, table, teacher.architecture.tableWidth)),
    runPair: (task, inputs) => runPairGraph(must(pairs.get(task), `graph of ${task}`), task, inputs),
    release: async () => {
      for (const session of [model, ...pairs.values()]) await session.release();
    },
  };
}

/** The fine-tuned teacher as somebody who is asked about many texts. */
export function teacherAdviser(teacher: FineTunedTeacher, threads: number): Adviser {
  const tasks = teacher.tasks.filter((task) => taskOf(task).input === "text").map(({ name }) => name);
  return { key: teacherKey(teacher), tasks, open: () => teacherClassifier(teacher, threads, "int8") };
}

/** Of its weights and tasks: another teacher, another key. */
export function teacherKey(teacher: FineTunedTeacher): string {
  const hash = createHash("sha256").update(JSON.stringify(teacher.tasks));
  return addWeights(hash, teacher.weights).digest("hex").slice(0, 12);
}
