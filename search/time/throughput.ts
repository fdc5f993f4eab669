import type { Architecture } from "../../src/contract/architecture.ts";
import { openSession, Tensor } from "../../src/onnx/session.ts";
import { uniformAndLast } from "../distil/state-maps.ts";
import { macsPerToken } from "../space/cost.ts";
import { randomStudent } from "../student/random-student.ts";
import { syntheticTraining } from "../student/synthetic-training.ts";
import type { StepPrecision } from "../student/training-graph.ts";

/** How fast this machine is just now, in seconds a token. */
export interface Throughput {
  /** The teacher's states, fp32. */
  readonly teacher: number;
  /** A step of fine-tuning the teacher. */
  readonly fineTune: number;
  /** A training step of a student, by its multiply-adds a token: `base + perMac · macs`. */
  readonly base: number;
  readonly perMac: number;
}

/** How training steps are computed. */
interface Steps {
  readonly threads: number;
  readonly precision: StepPrecision;
}

/** Texts of a usual length; more of them at once are hardly faster. */
const batch = { rows: 16, tokens: 32 };
/** Rows of the token table that are there; timing touches no more. */
const vocabulary = 4000;
const secondsEach = 1;

/** Takes some seconds, most of them to build and open what is timed. */
export async function measureThroughput(teacher: Architecture, how: Steps): Promise<Throughput> {
  const small = { ...teacher, vocabulary };
  const [flat, deep] = [staticStudent(teacher), middleStudent(teacher)];
  const flatSeconds = await secondsOfTraining(flat, teacher, how);
  const deepSeconds = await secondsOfTraining(deep, teacher, how);
  const perMac = Math.max(0, (deepSeconds - flatSeconds) / macsPerToken(deep));
  return {
    teacher: await secondsOfStates(small, how.threads),
    fineTune: await secondsOfTraining(small, teacher, how, true),
    base: flatSeconds,
    perMac,
  };
}

/** Seconds a token of training an architecture. */
export function trainingSeconds({ base, perMac }: Throughput, a: Architecture): number {
  return base + perMac * macsPerToken(a);
}

function staticStudent({ hidden }: Architecture): Architecture {
  const tableWidth = Math.min(128, hidden);
  return { layers: 0, hidden: tableWidth, heads: 0, ffn: 0, activation: "gelu", tableWidth, vocabulary };
}

function middleStudent(teacher: Architecture): Architecture {
  const layers = Math.max(1, Math.min(3, teacher.layers));
  return { ...teacher, layers, ffn: teacher.hidden, tableWidth: Math.min(128, teacher.hidden), vocabulary };
}

async function secondsOfTraining(
  a: Architecture,
  teacher: Architecture,
  { threads, precision }: Steps,
  isTeacher = false,
) {
  const training = await syntheticTraining(a, {
    ...batch,
    maps: isTeacher ? uniformAndLast(0, teacher.layers) : uniformAndLast(a.layers, teacher.layers),
    teacherHidden: teacher.hidden,
    trainer: {
      positions: 64,
      layerNormEpsilon: 1e-5,
      ...{ threads, precision },
      ...(isTeacher && { frozenTable: true }),
    },
  });
  const seconds = await secondsOf(() => training.step());
  await training.release();
  return seconds / training.tokensPerStep;
}

async function secondsOfStates(teacher: Architecture, threads: number): Promise<number> {
  const session = await openSession(randomStudent(teacher, { precision: "fp32" }), { threads });
  const { rows, tokens } = batch;
  const feeds = {
    ids: new Tensor("int32", new Int32Array(rows * tokens).fill(5), [rows, tokens]),
    mask: new Tensor("float32", new Float32Array(rows * tokens).fill(1), [rows, tokens]),
  };
  const seconds = await secondsOf(() => session.run(feeds));
  await session.release();
  return seconds / (rows * tokens);
}

/** Mean seconds of a call; the first is a warm-up. */
async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  await work();
  const started = performance.now();
  const spent = () => (performance.now() - started) / 1000;
  let calls = 0;
  while (calls === 0 || spent() < secondsEach) {
    await work();
    calls++;
  }
  return spent() / calls;
}
