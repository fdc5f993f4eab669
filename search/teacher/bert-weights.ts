import { BadFileError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import type { SafetensorsFile } from "../graph/safetensors.ts";
import { tableName, type Weight, type Weights } from "../student/weights.ts";
import type { TeacherConfig } from "./config.ts";
import { readFloats } from "./q4.ts";

/** RoBERTa-type encoders count positions from the padding id + 1. */
function firstPosition(config: TeacherConfig): number {
  return config.model_type === "bert" ? 0 : config.pad_token_id + 1;
}

/** Positions that a text can take. */
export function usablePositions(config: TeacherConfig): number {
  return config.max_position_embeddings - firstPosition(config);
}

/**
 * Hugging Face tensors of a BERT or XLM-R encoder under our names: matrices turned to [inputs, outputs], query, key and value
 * side by side, the token type (always 0) added to the positions.
 */
export function readBertWeights(file: SafetensorsFile, config: TeacherConfig): Weights {
  const prefix = ["", "bert.", "roberta."].find((p) => has(file, `${p}embeddings.word_embeddings.weight`));
  if (prefix === undefined)
    throw new BadFileError(`${file.path}: there is no tensor "embeddings.word_embeddings.weight"`);
  const read = (name: string) => readFloats(file, prefix + name);
  const weights: Weights = new Map();
  weights.set(
    tableName,
    checked(file, read("embeddings.word_embeddings.weight"), [config.vocab_size, config.hidden_size]),
  );
  weights.set("position", positions(read, config));
  setNorm("embedNorm", "embeddings.LayerNorm");
  for (let i = 0; i < config.num_hidden_layers; i++) readLayer(i);
  return weights;

  function readLayer(i: number): void {
    const from = `encoder.layer.${i}.`;
    const at = `layer.${i}`;
    const parts = ["query", "key", "value"].map((part) => `${from}attention.self.${part}`);
    weights.set(`${at}.qkv.weight`, sideBySide(parts.map((part) => transpose(read(`${part}.weight`)))));
    weights.set(`${at}.qkv.bias`, joined(parts.map((part) => read(`${part}.bias`))));
    setLinear(`${at}.out`, `${from}attention.output.dense`);
    setNorm(`${at}.norm1`, `${from}attention.output.LayerNorm`);
    setLinear(`${at}.up`, `${from}intermediate.dense`);
    setLinear(`${at}.down`, `${from}output.dense`);
    setNorm(`${at}.norm2`, `${from}output.LayerNorm`);
  }

  function setLinear(name: string, source: string): void {
    weights.set(`${name}.weight`, transpose(read(`${source}.weight`)));
    weights.set(`${name}.bias`, read(`${source}.bias`));
  }

  function setNorm(name: string, source: string): void {
    weights.set(`${name}.gamma`, read(`${source}.weight`));
    weights.set(`${name}.beta`, read(`${source}.bias`));
  }
}

function has(file: SafetensorsFile, name: string): boolean {
  return file.names.includes(name) || file.names.includes(`${name}.q4`);
}

function checked(file: SafetensorsFile, weight: Weight, dims: readonly number[]): Weight {
  if (weight.dims.join() === dims.join()) return weight;
  throw new BadFileError(`${file.path}: the token table is [${weight.dims}], the configuration says [${dims}]`);
}

function positions(read: (name: string) => Weight, config: TeacherConfig): Weight {
  const width = config.hidden_size;
  const start = firstPosition(config);
  const data = read("embeddings.position_embeddings.weight").data.slice(start * width);
  const type = read("embeddings.token_type_embeddings.weight").data;
  for (let i = 0; i < data.length; i++) data[i] = must(data[i]) + must(type[i % width]);
  return { dims: [data.length / width, width], data };
}

/** [rows, columns] to [columns, rows]. */
function transpose({ dims, data }: Weight): Weight {
  const [rows, columns] = [must(dims[0]), must(dims[1])];
  const out = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = data[r * columns + c] as number;
  return { dims: [columns, rows], data: out };
}

/** [rows, a], [rows, b], … to [rows, a + b + …]. */
function sideBySide(parts: readonly Weight[]): Weight {
  const rows = must(parts[0]?.dims[0]);
  const widths = parts.map((part) => must(part.dims[1]));
  const total = widths.reduce((a, b) => a + b, 0);
  const data = new Float32Array(rows * total);
  for (let r = 0; r < rows; r++) {
    let at = r * total;
    parts.forEach((part, i) => {
      const width = must(widths[i]);
      data.set(part.data.subarray(r * width, (r + 1) * width), at);
      at += width;
    });
  }
  return { dims: [rows, total], data };
}

function joined(parts: readonly Weight[]): Weight {
  const data = new Float32Array(parts.reduce((total, part) => total + part.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { dims: [data.length], data };
}
