import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Architecture } from "../../src/contract/architecture.ts";
import { BadFileError } from "../../src/errors.ts";
import type { Tokenizer } from "../../src/text/tokenizer.ts";
import { openSafetensors } from "../graph/safetensors.ts";
import type { Weights } from "../student/weights.ts";
import { readBertWeights, usablePositions } from "./bert-weights.ts";
import { readTeacherConfig, type TeacherConfig } from "./config.ts";

/** A teacher's encoder, in the terms of a student: its architecture and weights under our names. */
export interface Teacher {
  /** Where it was read from. */
  readonly folder: string;
  readonly architecture: Architecture;
  readonly weights: Weights;
  /** Longest text, in tokens. */
  readonly positions: number;
  readonly layerNormEpsilon: number;
  readonly padId: number;
  /** Ids of the special tokens around a text. */
  readonly beginId: number;
  readonly endId: number;
}

const weightFiles = ["model.safetensors", "model.q4.safetensors"];

/** The weights' file of a teacher folder. @throws {BadFileError} when there is none. */
export function teacherWeightsPath(folder: string): string {
  const path = weightFiles.map((name) => join(folder, name)).find((candidate) => existsSync(candidate));
  if (path === undefined) throw new BadFileError(`${folder}: holds neither ${weightFiles.join(" nor ")}`);
  return path;
}

/** Loads a Hugging Face folder with a BERT- or XLM-R-type encoder. @throws {BadFileError} naming what is missing or wrong. */
export function readTeacher(folder: string): Teacher {
  const config = readTeacherConfig(join(folder, "config.json"));
  return {
    folder,
    architecture: architectureOf(config),
    weights: readBertWeights(openSafetensors(teacherWeightsPath(folder)), config),
    positions: usablePositions(config),
    layerNormEpsilon: config.layer_norm_eps,
    padId: config.pad_token_id,
    beginId: config.bos_token_id,
    endId: config.eos_token_id,
  };
}

/** What a teacher is made of, without its weights. @throws {BadFileError} */
export function readTeacherArchitecture(folder: string): Architecture {
  return architectureOf(readTeacherConfig(join(folder, "config.json")));
}

function architectureOf(config: TeacherConfig): Architecture {
  return {
    layers: config.num_hidden_layers,
    hidden: config.hidden_size,
    heads: config.num_attention_heads,
    ffn: config.intermediate_size,
    activation: config.hidden_act,
    tableWidth: config.hidden_size,
    vocabulary: config.vocab_size,
  };
}

/**
 * The teacher with the special tokens that its tokeniser really puts around a text: BERT configurations do not name them.
 * @throws {BadFileError} when the tokeniser is another model's.
 */
export function withTokenizer(teacher: Teacher, tokenizer: Tokenizer): Teacher {
  const { vocabulary } = teacher.architecture;
  if (tokenizer.vocabularySize > vocabulary || tokenizer.padId !== teacher.padId) {
    throw new BadFileError(
      `${teacher.folder}: the tokeniser (${tokenizer.vocabularySize} pieces, padding ${tokenizer.padId}) does not fit the ` +
        `model (${vocabulary} pieces, padding ${teacher.padId})`,
    );
  }
  const [beginId, endId] = tokenizer.encode("", 2).ids;
  return { ...teacher, beginId: beginId ?? teacher.beginId, endId: endId ?? teacher.endId };
}
