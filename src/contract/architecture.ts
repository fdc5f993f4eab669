import { z } from "zod";

/**
 * What a student is made of. `layers: 0` is a static student: token table, mean pooling, heads; then `hidden` equals
 * `tableWidth`, and `heads`, `ffn` are 0.
 */
export const Architecture = z.strictObject({
  /** Transformer layers, 0–12 (a teacher has as many as it has). */
  layers: z.int().min(0).max(48),
  /** Width of the hidden states. */
  hidden: z.int().positive(),
  /** Attention heads; divides `hidden`. */
  heads: z.int().nonnegative(),
  /** Width of the feed-forward layer. */
  ffn: z.int().nonnegative(),
  activation: z.enum(["relu", "gelu"]),
  /** Width of the factorised token table, mapped linearly onto `hidden` when they differ. */
  tableWidth: z.int().positive(),
  /** Rows of the token table. */
  vocabulary: z.int().positive(),
});
export type Architecture = Readonly<z.infer<typeof Architecture>>;

/** Short name in the field's habit: `3x384-ffn1536-h12-gelu-e128`, `static-e256`. */
export function architectureName(a: Architecture): string {
  return a.layers === 0
    ? `static-e${a.tableWidth}`
    : `${a.layers}x${a.hidden}-ffn${a.ffn}-h${a.heads}-${a.activation}-e${a.tableWidth}`;
}

const layered = /^([1-9]\d*)x(\d+)-ffn(\d+)-h(\d+)-(relu|gelu)-e(\d+)$/;

/** The architecture that a short name stands for; null where it is no name, or of what cannot be built. */
export function fromArchitectureName(name: string, vocabulary: number): Architecture | null {
  const width = Number(/^static-e([1-9]\d*)$/.exec(name)?.[1]);
  if (width > 0)
    return { layers: 0, hidden: width, heads: 0, ffn: 0, activation: "gelu", tableWidth: width, vocabulary };
  const [, layers, hidden, ffn, heads, activation, tableWidth] = layered.exec(name) ?? [];
  const read = Architecture.safeParse({
    layers: Number(layers),
    hidden: Number(hidden),
    heads: Number(heads),
    ffn: Number(ffn),
    activation,
    tableWidth: Number(tableWidth),
    vocabulary,
  });
  if (!read.success) return null;
  const a = read.data;
  return a.heads > 0 && a.ffn > 0 && a.hidden % a.heads === 0 && a.tableWidth <= a.hidden ? a : null;
}
