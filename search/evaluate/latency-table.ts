import { join } from "node:path";
import type { Architecture } from "../../src/contract/architecture.ts";
import { membersAmong } from "../../src/contract/ensemble.ts";
import { encoderFile } from "../../src/contract/graph-files.ts";
import { must } from "../../src/invariant.ts";
import { machine } from "../../src/onnx/machine.ts";
import { type LengthTiming, type TimedModel, timeLengths } from "../reward/measure.ts";
import { table } from "../reward/report.ts";
import type { Precision } from "../student/inference-tensors.ts";
import { randomStudent } from "../student/random-student.ts";
import { readTeacher } from "../teacher/teacher.ts";
import { budgetTokens, timedLengths } from "../timed-lengths.ts";
import { openAsServed } from "./open-served.ts";
import type { Student } from "./subjects.ts";

const rounds = 3;

/** XLM-R Base's shape; the token table is cut to what timing touches, since the full one changes nothing but memory. */
const xlmRobertaBase: Architecture = {
  layers: 12,
  hidden: 768,
  heads: 12,
  ffn: 3072,
  activation: "gelu",
  tableWidth: 768,
  vocabulary: 1000,
};

interface Subject {
  readonly name: string;
  readonly model: TimedModel;
  readonly vocabulary: number;
}

/** Milliseconds a text on one thread, everything in one run with rounds in turn, and how much faster than XLM-R Base fp32. */
export async function latencyTable(students: readonly Student[], teacherFolder: string): Promise<string> {
  const teacher = { ...readTeacher(teacherFolder).architecture, vocabulary: 1000 };
  const subjects: Subject[] = [
    ...students.flatMap(studentSubjects),
    reference("teacher int8", teacher, "int8"),
    reference("teacher fp32", teacher, "fp32"),
    reference("XLM-R Base int8", xlmRobertaBase, "int8"),
    reference("XLM-R Base fp32", xlmRobertaBase, "fp32"),
  ];
  const timings = new Map<string, LengthTiming[]>();
  for (let round = 0; round < rounds; round++) {
    for (const { name, model, vocabulary } of subjects) {
      const now = await timeLengths(model, timedLengths, { threads: 1, vocabulary, budgetMs: 1500 });
      timings.set(name, [...(timings.get(name) ?? []), ...now]);
    }
  }
  const msAt = (name: string, tokens: number) =>
    median(
      must(timings.get(name))
        .filter((t) => t.tokens === tokens)
        .map((t) => t.p50Ms),
    );
  const base = msAt("XLM-R Base fp32", budgetTokens);
  const row = (name: string, parts: readonly string[]) => {
    const sumAt = (tokens: number) => parts.reduce((sum, part) => sum + msAt(part, tokens), 0);
    return [
      name,
      ...timedLengths.map((tokens) => milliseconds(sumAt(tokens))),
      `${(base / sumAt(budgetTokens)).toFixed(1)}×`,
    ];
  };
  const together = students.flatMap((student) => {
    const members = membersAmong(student.manifest, students);
    const parts = [student, ...members].map(int8Name);
    return members.length === 0 ? [] : [row(`${student.manifest.name} with ensemble`, parts)];
  });
  const rows = [...subjects.map(({ name }) => row(name, [name])), ...together];
  const { cpu, runtime } = machine();
  const head = [
    "p50 ms, one text, one thread",
    ...timedLengths.map((tokens) => `${tokens} tokens`),
    `faster at ${budgetTokens}`,
  ];
  return `${cpu}, ${runtime}\n${table(head, rows)}`;
}

/** As it is served, and where it reads n-grams also without them, which not every task takes. */
function studentSubjects(student: Student): Subject[] {
  const { folder, manifest } = student;
  const { vocabulary } = manifest.architecture;
  const whole = { name: int8Name(student), model: () => openAsServed(student, 1), vocabulary };
  const bare = { name: `${manifest.name} without n-grams`, model: join(folder, encoderFile), vocabulary };
  return manifest.ngrams ? [whole, bare] : [whole];
}

function int8Name({ manifest }: Pick<Student, "manifest">): string {
  return `${manifest.name} int8`;
}

function reference(name: string, a: Architecture, precision: Precision): Subject {
  return { name, model: randomStudent(a, { precision, positions: 512 }), vocabulary: a.vocabulary };
}

function median(values: readonly number[]): number {
  return must([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]);
}

function milliseconds(ms: number): string {
  return ms.toFixed(ms < 1 ? 3 : 2);
}
