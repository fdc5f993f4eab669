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
 * @throws {BadFileError} naming the first tensor that is missing or of another shape than the configuration says.
 */
export function readBertWeights(file: SafetensorsFile, config: TeacherConfig): Weights {
  const prefix = prefixOf(file);
  const { hidden_size: hidden, intermediate_size: ffn } = config;
  const read = (name: string, dims: readonly (number | null)[]) =>
    checked(file, prefix + name, readFloats(file, prefix + name), dims);
  const weights: Weights = new Map();
  weights.set(tableName, read("embeddings.word_embeddings.weight", [config.vocab_size, hidden]));
  weights.set("position", positions(read, config));
  setNorm("embedNorm", "embeddings.LayerNorm");
  for (let i = 0; i < config.num_hidden_layers; i++) readLayer(i);
  return weights;

  function readLayer(i: number): void {
    const from = `encoder.layer.${i}.`;
    const at = `layer.${i}`;
    const parts = ["query", "key", "value"].map((part) => `${from}attention.self.${part}`);
    weights.set(
      `${at}.qkv.weight`,
      sideBySide(parts.map((part) => transpose(read(`${part}.weight`, [hidden, hidden])))),
    );
    weights.set(`${at}.qkv.bias`, joined(parts.map((part) => read(`${part}.bias`, [hidden]))));
    setLinear(`${at}.out`, `${from}attention.output.dense`, hidden, hidden);
    setNorm(`${at}.norm1`, `${from}attention.output.LayerNorm`);
    setLinear(`${at}.up`, `${from}intermediate.dense`, hidden, ffn);
    setLinear(`${at}.down`, `${from}output.dense`, ffn, hidden);
    setNorm(`${at}.norm2`, `${from}output.LayerNorm`);
  }

  function setLinear(name: string, source: string, inputs: number, outputs: number): void {
    weights.set(`${name}.weight`, transpose(read(`${source}.weight`, [outputs, inputs])));
    weights.set(`${name}.bias`, read(`${source}.bias`, [outputs]));
  }

  /** Weights converted from TensorFlow say gamma and beta. */
  function setNorm(name: string, source: string): void {
    const [gamma, beta] = has(file, `${prefix}${source}.gamma`) ? ["gamma", "beta"] : ["weight", "bias"];
    weights.set(`${name}.gamma`, read(`${source}.${gamma}`, [hidden]));
    weights.set(`${name}.beta`, read(`${source}.${beta}`, [hidden]));
  }
}

/** Models that carry a head have their encoder's tensors below a name of its own. */
function prefixOf(file: SafetensorsFile): string {
  const prefix = ["", "bert.", "roberta."].find((p) => has(file, `${p}embeddings.word_embeddings.weight`));
  if (prefix === undefined)
    throw new BadFileError(`${file.path}: there is no tensor "embeddings.word_embeddings.weight"`);
  return prefix;
}

function has(file: SafetensorsFile, name: string): boolean {
  return file.names.includes(name) || file.names.includes(`${name}.q4`);
}

/** @param dims null where any size will do. */
function checked(file: SafetensorsFile, name: string, weight: Weight, dims: readonly (number | null)[]): Weight {
  const fits = weight.dims.length === dims.length && dims.every((dim, i) => dim === null || dim === weight.dims[i]);
  if (fits) return weight;
  const expected = dims.map((dim) => dim ?? "any").join(", ");
  throw new BadFileError(
    `${file.path}: tensor "${name}" is [${weight.dims.join(", ")}], the configuration says [${expected}]`,
  );
}

function positions(read: (name: string, dims: readonly (number | null)[]) => Weight, config: TeacherConfig): Weight {
  const width = config.hidden_size;
  const stored = read("embeddings.position_embeddings.weight", [config.max_position_embeddings, width]);
  const type = read("embeddings.token_type_embeddings.weight", [null, width]).data;
  const data = stored.data.slice(firstPosition(config) * width);
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
