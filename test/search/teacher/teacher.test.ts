import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { weightOf } from "../../../search/student/weights.ts";
import { startTeacher } from "../../../search/teacher/hidden-states.ts";
import { readTeacher, withTokenizer } from "../../../search/teacher/teacher.ts";
import { BadFileError } from "../../../src/errors.ts";
import { must } from "../../../src/invariant.ts";
import { toBatch } from "../../../src/text/batch.ts";
import { readTokenizer } from "../../../src/text/read-tokenizer.ts";
import {
  type TinyTeacher,
  tinyConfig,
  tinyPositions,
  tinyTensors,
  writeTinyTeacher,
} from "../../fixtures/tiny-teacher.ts";
import { plainBert } from "./plain-bert.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-teacher-"));
afterAll(() => rmSync(root, { recursive: true }));

let written = 0;
function folderOf(options: TinyTeacher, tensors = tinyTensors(options)): string {
  const folder = join(root, `teacher-${written++}`);
  writeTinyTeacher(folder, options, tensors);
  return folder;
}

const sequences = [
  [0, 10, 20, 30, 40, 2],
  [0, 11, 2],
  [0, 12, 13, 14, 2],
];

test.each([
  ["bert", "F32", ""],
  ["bert", "F16", "bert."],
  ["xlm-roberta", "F32", ""],
  ["xlm-roberta", "BF16", "roberta."],
] as const)(
  "readTeacher() of a %s in %s below %j gives the states of a plain implementation",
  async (kind, type, prefix) => {
    const options = { kind, type, prefix };
    const teacher = readTeacher(folderOf(options));
    const running = await startTeacher(teacher, { precision: "fp32", threads: 1 });
    const batch = toBatch(
      sequences.map((ids) => Int32Array.from(ids)),
      teacher.padId,
    );
    const outputs = await running.run(batch);
    expect(Object.keys(await running.run(batch, ["pooled"]))).toEqual(["pooled"]);
    await running.release();
    const { hidden, layers } = teacher.architecture;
    sequences.forEach((ids, row) => {
      const expected = plainBert(tinyTensors(options), tinyConfig(options), ids, prefix);
      for (let layer = 0; layer <= layers; layer++) {
        const states = must(outputs[`hidden_${layer}`]).data as Float32Array;
        const own = states.subarray(row * batch.tokens * hidden, (row * batch.tokens + ids.length) * hidden);
        expect(largestDifference(own, must(expected[layer]).flat())).toBeLessThan(1e-4);
      }
      const last = must(expected.at(-1));
      const mean = must(last[0]).map((_, k) => last.reduce((sum, state) => sum + must(state[k]), 0) / ids.length);
      const pooled = must(outputs.pooled).data as Float32Array;
      expect(largestDifference(pooled.subarray(row * hidden, (row + 1) * hidden), mean)).toBeLessThan(1e-4);
    });
  },
);

function largestDifference(actual: Float32Array, expected: readonly number[]): number {
  expect(actual).toHaveLength(expected.length);
  return expected.reduce((worst, x, i) => Math.max(worst, Math.abs(x - must(actual[i]))), 0);
}

test("readTeacher() says what the encoder is in the terms of a student", () => {
  const { architecture, positions, padId, layerNormEpsilon } = readTeacher(folderOf({ kind: "xlm-roberta" }));
  const { vocab_size: vocabulary } = tinyConfig({ kind: "xlm-roberta" });
  const expected = { layers: 3, hidden: 16, heads: 4, ffn: 24, activation: "relu", tableWidth: 16, vocabulary };
  expect(architecture).toEqual(expected);
  expect({ positions, padId, layerNormEpsilon }).toEqual({
    positions: tinyPositions,
    padId: 1,
    layerNormEpsilon: 1e-5,
  });
});

test.each(["bert", "xlm-roberta"] as const)(
  "readTeacher() counts the positions of a %s from its first text position",
  (kind) => {
    const weights = readTeacher(folderOf({ kind })).weights;
    const stored = must(tinyTensors({ kind }).get("embeddings.position_embeddings.weight")).data;
    const type = must(tinyTensors({ kind }).get("embeddings.token_type_embeddings.weight")).data;
    const first = kind === "bert" ? 0 : 2;
    expect(weightOf(weights, "position").dims).toEqual([tinyPositions, 16]);
    expect(weightOf(weights, "position").data[3]).toBe(must(stored[first * 16 + 3]) + must(type[3]));
  },
);

test("readTeacher() reads layer norms that are called gamma and beta", () => {
  const [named, plain] = [
    readTeacher(folderOf({ kind: "bert", normNames: ["gamma", "beta"] })),
    readTeacher(folderOf({ kind: "bert" })),
  ];
  expect(named.weights).toEqual(plain.weights);
});

test("withTokenizer() takes the special tokens from the tokeniser", () => {
  const folder = folderOf({ kind: "bert" });
  rewriteConfig(folder, ({ bos_token_id: _, eos_token_id: __, ...rest }) => rest);
  const teacher = readTeacher(folder);
  expect([teacher.beginId, teacher.endId]).toEqual([101, 102]);
  const { beginId, endId } = withTokenizer(teacher, readTokenizer(join(folder, "tokenizer.json")));
  expect([beginId, endId]).toEqual([0, 2]);
});

test("withTokenizer() refuses a tokeniser with more pieces than the table has rows", () => {
  const teacher = readTeacher(folderOf({ kind: "bert" }));
  const tokenizer = readTokenizer(join(teacher.folder, "tokenizer.json"));
  const small = { ...teacher, architecture: { ...teacher.architecture, vocabulary: 20 } };
  expect(() => withTokenizer(small, tokenizer)).toThrow(BadFileError);
  expect(() => withTokenizer({ ...teacher, padId: 0 }, tokenizer)).toThrow("does not fit");
});

function rewriteConfig(folder: string, change: (config: Record<string, unknown>) => unknown): void {
  const path = join(folder, "config.json");
  writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, "utf8")))));
}

function withoutTensor(name: string): string {
  const tensors = tinyTensors({ kind: "bert" });
  tensors.delete(name);
  return folderOf({ kind: "bert" }, tensors);
}

function withDims(name: string, dims: readonly number[]): string {
  const tensors = tinyTensors({ kind: "bert" });
  const size = dims.reduce((a, b) => a * b, 1);
  return folderOf({ kind: "bert" }, tensors.set(name, { dims, data: new Float32Array(size) }));
}

function withConfig(change: (config: Record<string, unknown>) => unknown): string {
  const folder = folderOf({ kind: "bert" });
  rewriteConfig(folder, change);
  return folder;
}

function truncated(): string {
  const folder = folderOf({ kind: "bert" });
  truncateSync(join(folder, "model.safetensors"), 5000);
  return folder;
}

function withoutFile(name: string): string {
  const folder = folderOf({ kind: "bert" });
  rmSync(join(folder, name));
  return folder;
}

test.each([
  ["no token table", () => withoutTensor("embeddings.word_embeddings.weight"), "embeddings.word_embeddings.weight"],
  ["no bias", () => withoutTensor("encoder.layer.2.output.dense.bias"), "encoder.layer.2.output.dense.bias"],
  [
    "a matrix of another shape",
    () => withDims("encoder.layer.0.intermediate.dense.weight", [16, 24]),
    '"encoder.layer.0.intermediate.dense.weight" is [16, 24], the configuration says [24, 16]',
  ],
  [
    "a token table with other rows",
    () => withDims("embeddings.word_embeddings.weight", [7, 16]),
    '"embeddings.word_embeddings.weight" is [7, 16]',
  ],
  ["a file cut short", truncated, "is cut short"],
  ["no weights", () => withoutFile("model.safetensors"), "holds neither model.safetensors nor model.q4.safetensors"],
  ["no configuration", () => withoutFile("config.json"), "not a usable teacher configuration"],
  ["a configuration without a field", () => withConfig(({ hidden_size: _, ...rest }) => rest), "hidden_size"],
  ["another kind of model", () => withConfig((config) => ({ ...config, model_type: "gpt2" })), "model_type"],
  ["another activation", () => withConfig((config) => ({ ...config, hidden_act: "silu" })), "hidden_act"],
  [
    "relative positions",
    () => withConfig((config) => ({ ...config, position_embedding_type: "relative_key" })),
    "position_embedding_type",
  ],
  [
    "heads that do not divide the width",
    () => withConfig((c) => ({ ...c, num_attention_heads: 5 })),
    "does not divide",
  ],
  [
    "a padding token without a row",
    () => withConfig((c) => ({ ...c, pad_token_id: 9999 })),
    "outside of the vocabulary",
  ],
])("readTeacher() of a folder with %s is one clear BadFileError", (_, make, message) => {
  const folder = make();
  expect(() => readTeacher(folder)).toThrow(BadFileError);
  expect(() => readTeacher(folder)).toThrow(message);
  expect(() => readTeacher(folder)).toThrow(folder);
});
