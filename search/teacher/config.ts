import { z } from "zod";
import { readJson } from "../../src/json-file.ts";

/** The parts of a Hugging Face `config.json` that an encoder's forward pass depends on. */
const TeacherConfig = z
  .object({
    model_type: z.enum(["bert", "xlm-roberta", "roberta"]),
    hidden_size: z.int().positive(),
    num_hidden_layers: z.int().positive(),
    num_attention_heads: z.int().positive(),
    intermediate_size: z.int().positive(),
    hidden_act: z.enum(["gelu", "relu"]),
    layer_norm_eps: z.number().positive(),
    max_position_embeddings: z.int().positive(),
    vocab_size: z.int().positive(),
    pad_token_id: z.int().nonnegative(),
    /** `<s>`; BERT configurations leave it out, then it is `[CLS]` = 101. */
    bos_token_id: z.int().nonnegative().default(101),
    /** `</s>`, or `[SEP]` = 102. */
    eos_token_id: z.int().nonnegative().default(102),
    position_embedding_type: z.literal("absolute").default("absolute"),
  })
  .refine((config) => config.hidden_size % config.num_attention_heads === 0, {
    path: ["num_attention_heads"],
    message: "does not divide hidden_size",
  })
  .refine((config) => config.pad_token_id < config.vocab_size, {
    path: ["pad_token_id"],
    message: "lies outside of the vocabulary",
  });
export type TeacherConfig = z.infer<typeof TeacherConfig>;

/** @throws {BadFileError} naming the first field that is missing or wrong. */
export function readTeacherConfig(path: string): TeacherConfig {
  return readJson(path, TeacherConfig, "not a usable teacher configuration");
}
