import { openSession, type Session, type Tensor } from "../../src/onnx/session.ts";
import { quantile } from "../../src/stats.ts";
import { inferenceGraph } from "../student/inference-graph.ts";
import { tableName, weightOf } from "../student/weights.ts";
import { embeddedFeeds } from "./hidden-states.ts";
import type { Teacher } from "./teacher.ts";

const runs = 9;

/** Median ms of the teacher in fp32 on one thread, one text of `tokens` tokens: what the paper's reward compares with. */
export async function teacherLatencyMs(teacher: Teacher, tokens: number): Promise<number> {
  const graph = inferenceGraph(teacher.architecture, teacher.weights, {
    precision: "fp32",
    layerNormEpsilon: teacher.layerNormEpsilon,
    heads: [],
    tableOutside: true,
  });
  const session = await openSession(graph, { threads: 1 });
  const ids = Int32Array.from({ length: tokens }, (_, i) => i + 10);
  const batch = { rows: 1, tokens, ids, mask: new Float32Array(tokens).fill(1) };
  const feeds = embeddedFeeds(batch, weightOf(teacher.weights, tableName).data, teacher.architecture.tableWidth);
  const samples = await times(session, feeds);
  await session.release();
  return quantile(samples, 0.5);
}

async function times(session: Session, feeds: Record<string, Tensor>): Promise<number[]> {
  const samples: number[] = [];
  for (let i = 0; i < runs + 2; i++) {
    const started = performance.now();
    await session.run(feeds);
    if (i >= 2) samples.push(performance.now() - started);
  }
  return samples;
}
