/** The part of Hugging Face's `tokenizer.json` that XLM-R's kind of tokeniser uses; what it does not name is kept as it is. */
import * as z from "zod";

/** Checked by hand: a schema per row costs more than all the rest of loading a quarter of a million. */
const vocabulary = z.custom<[piece: string, score: number][]>(
  (rows) => Array.isArray(rows) && rows.length > 0 && rows.every(isScoredPiece),
  "not a list of [piece, score]",
);

const charsmapNormaliser = z.looseObject({ type: z.literal("Precompiled"), precompiled_charsmap: z.string() });
const spaceRuns = z.looseObject({
  type: z.literal("Replace"),
  pattern: z.strictObject({ Regex: z.literal(" {2,}") }),
  content: z.enum([" ", "▁"]),
});
const normaliserSequence = z.looseObject({
  type: z.literal("Sequence"),
  normalizers: z.union([z.tuple([charsmapNormaliser]), z.tuple([charsmapNormaliser, spaceRuns])]),
});

const metaspace = z
  .looseObject({
    type: z.literal("Metaspace"),
    replacement: z.literal("▁"),
    prepend_scheme: z.literal("always").optional(),
    add_prefix_space: z.literal(true).optional(),
    split: z.literal(true).optional(),
  })
  .refine((m) => m.prepend_scheme !== undefined || m.add_prefix_space !== undefined, "prepends no mark");
const preTokenizerSequence = z.looseObject({
  type: z.literal("Sequence"),
  pretokenizers: z.tuple([z.looseObject({ type: z.literal("WhitespaceSplit") }), metaspace]),
});

const templatePart = z.union([
  z.looseObject({ SpecialToken: z.looseObject({ id: z.string() }) }),
  z.looseObject({ Sequence: z.looseObject({ id: z.enum(["A", "B"]) }) }),
]);
const template = z.looseObject({
  type: z.literal("TemplateProcessing"),
  single: z.array(templatePart),
  special_tokens: z.record(z.string(), z.looseObject({ ids: z.array(z.int().nonnegative()) })),
});

const addedToken = z.looseObject({
  id: z.int().nonnegative(),
  content: z.string().min(1),
  single_word: z.literal(false),
  lstrip: z.boolean(),
  rstrip: z.boolean(),
  normalized: z.boolean(),
  special: z.boolean(),
});

/** A `tokenizer.json` of XLM-R's kind. */
export const tokenizerJson = z.looseObject({
  added_tokens: z.array(addedToken),
  normalizer: z.union([charsmapNormaliser, normaliserSequence]).nullable(),
  pre_tokenizer: z.union([metaspace, preTokenizerSequence]),
  post_processor: template,
  model: z.looseObject({
    type: z.literal("Unigram"),
    unk_id: z.int().nonnegative(),
    byte_fallback: z.literal(false).optional(),
    vocab: vocabulary,
  }),
});

const bertProcessing = z.looseObject({
  type: z.literal("BertProcessing"),
  sep: z.tuple([z.string(), z.int().nonnegative()]),
  cls: z.tuple([z.string(), z.int().nonnegative()]),
});

/** A `tokenizer.json` of BERT's kind. */
export const wordPieceJson = z.looseObject({
  added_tokens: z.array(addedToken),
  normalizer: z.looseObject({
    type: z.literal("BertNormalizer"),
    clean_text: z.boolean(),
    handle_chinese_chars: z.boolean(),
    /** Null: as `lowercase`. */
    strip_accents: z.boolean().nullish(),
    lowercase: z.boolean(),
  }),
  pre_tokenizer: z.looseObject({ type: z.literal("BertPreTokenizer") }),
  post_processor: z.union([template, bertProcessing]),
  model: z.looseObject({
    type: z.literal("WordPiece"),
    unk_token: z.string(),
    continuing_subword_prefix: z.string(),
    max_input_chars_per_word: z.int().positive(),
    vocab: z.record(z.string(), z.int().nonnegative()),
  }),
});

export type TokenizerJson = z.infer<typeof tokenizerJson>;
export type WordPieceJson = z.infer<typeof wordPieceJson>;
export type AddedToken = z.infer<typeof addedToken>;

function isScoredPiece(row: unknown): boolean {
  return (
    Array.isArray(row) &&
    row.length === 2 &&
    typeof row[0] === "string" &&
    typeof row[1] === "number" &&
    Number.isFinite(row[1])
  );
}
