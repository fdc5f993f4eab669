import { z } from "zod";
import { type Architecture, architectureName } from "../../src/contract/architecture.ts";
import { must } from "../../src/invariant.ts";
import type { Random } from "../../src/random.ts";
import { macsPerToken, tableParameters } from "./cost.ts";

/**
 * The search space: every value a dimension may take, and the rules that tie the dimensions together.
 *
 * - a head is one of `headWidths` wide and the widths fill `hidden` exactly (312 = 12 × 26 = 6 × 52);
 * - the feed-forward layer is a multiple of `hidden`;
 * - the token table is never wider than `hidden`: the map would only throw the surplus away;
 * - 0 layers is a static student: `hidden` is the table's width, and what only layers have is fixed, so that each
 *   static student occurs once.
 *
 * What is not searched, and why:
 * - The vocabulary is a dimension with one value, the teacher's, which `npm run teacher:import -- --pieces` sets. Budgets
 *   are in ms, and a trimmed vocabulary costs time: the table's rows are only looked up, while texts become longer (1.11 to 1.60
 *   times the tokens with 50,000 pieces, over 101 languages). It saves bytes, as a narrow table does without longer texts.
 *   Nor could the teacher's token states be imitated, whose tokens would be others.
 * - Attention is softmax attention over all pairs: at the length of budgets, 32 tokens, it takes some 4 % of a student's time.
 */
const Choices = z.array(z.int().positive()).min(1).readonly();

export const Space = z
  .strictObject({
    layers: z.array(z.int().nonnegative()).min(1).readonly(),
    hidden: Choices,
    headWidths: Choices,
    ffnMultiples: z.array(z.number().positive()).min(1).readonly(),
    activations: z
      .array(z.enum(["relu", "gelu"]))
      .min(1)
      .readonly(),
    tableWidths: Choices,
    vocabularies: Choices,
    /** Hidden width of students whose layers start as copies of the teacher's: a short trial of theirs has less to learn. @default none */
    copiedWidth: z.int().positive().optional(),
  })
  .refine((s) => s.hidden.every((h) => s.headWidths.some((w) => h % w === 0)), "a hidden width fits no head width")
  .refine((s) => Math.min(...s.tableWidths) <= Math.min(...s.hidden), "every token table is wider than a hidden width");
export type Space = Readonly<z.infer<typeof Space>>;

/** The activation that stands in a static student's architecture, which has none. */
const STATIC_ACTIVATION = "gelu";

/** What a teacher bounds: its students are no deeper and no wider than it is. */
export type TeacherSize = Pick<Architecture, "layers" | "hidden" | "heads">;

/**
 * The space that `npm run search` explores.
 * @param vocabulary rows of the token table, the teacher's.
 * @param teacher leaves out what cannot be distilled from it: a layer needs one to regress onto, a table its axes.
 */
export function createSpace(vocabulary: number, teacher?: TeacherSize): Space {
  const whole = {
    layers: [0, 1, 2, 3, 4, 5, 6],
    hidden: [128, 192, 256, 312, 384],
    headWidths: [26, 32, 52, 64],
    ffnMultiples: [1, 2, 3, 4],
    activations: ["relu", "gelu"],
    tableWidths: [64, 128, 192, 256],
    vocabularies: [vocabulary],
  } as const;
  if (teacher === undefined) return whole;
  const notWider = (widths: readonly number[]) => {
    const fitting = widths.filter((width) => width <= teacher.hidden);
    return fitting.length > 0 ? fitting : [teacher.hidden];
  };
  const hidden = notWider(whole.hidden);
  const headWidths = [...whole.headWidths];
  const fits = hidden.every((width) => headWidths.some((headWidth) => width % headWidth === 0));
  return {
    ...whole,
    layers: whole.layers.filter((count) => count <= teacher.layers),
    hidden,
    headWidths: fits ? headWidths : [...headWidths, teacher.hidden / teacher.heads],
    tableWidths: notWider(whole.tableWidths),
    copiedWidth: teacher.hidden,
  };
}

/** One value a dimension, free of the others until `fromGenes` applies the rules. */
interface Genes {
  readonly layers: number;
  readonly hidden: number;
  readonly headWidth: number;
  readonly ffnMultiple: number;
  readonly activation: Architecture["activation"];
  readonly tableWidth: number;
  readonly vocabulary: number;
}

/** Draws each dimension by itself, so that static students (4 of 1,636) are as likely as any other depth. */
export function sampleArchitecture(space: Space, random: Random): Architecture {
  return fromGenes(space, sampleGenes(space, random));
}

/** A copy with one dimension changed (and repaired where the rules ask for it); the same when nothing can change. */
export function mutate(space: Space, parent: Architecture, random: Random): Architecture {
  for (let attempt = 0; attempt < 64; attempt++) {
    const genes = toGenes(space, parent, random);
    const fresh = sampleGenes(space, random);
    const dimension = must(GENES[random.int(GENES.length)]);
    const child = fromGenes(space, { ...genes, [dimension]: fresh[dimension] });
    if (architectureKey(child) !== architectureKey(parent)) return child;
  }
  return parent;
}

/** Each dimension from one parent or the other, repaired where the rules ask for it. */
export function crossover(space: Space, a: Architecture, b: Architecture, random: Random): Architecture {
  const first = toGenes(space, a, random);
  const second = toGenes(space, b, random);
  const picked = GENES.map((gene) => [gene, (random.next() < 0.5 ? first : second)[gene]]);
  return fromGenes(space, Object.fromEntries(picked) as unknown as Genes);
}

/** Whether `a` lies in the space, rules included. */
export function isValid(space: Space, a: Architecture): boolean {
  if (!space.layers.includes(a.layers) || !space.vocabularies.includes(a.vocabulary)) return false;
  if (!space.tableWidths.includes(a.tableWidth)) return false;
  if (a.layers === 0) {
    return a.hidden === a.tableWidth && a.heads === 0 && a.ffn === 0 && a.activation === STATIC_ACTIVATION;
  }
  return (
    space.hidden.includes(a.hidden) &&
    a.tableWidth <= a.hidden &&
    space.headWidths.some((width) => width * a.heads === a.hidden) &&
    space.ffnMultiples.some((multiple) => Math.round(multiple * a.hidden) === a.ffn) &&
    space.activations.includes(a.activation)
  );
}

/** Every architecture of the space, each once, shallow ones first. */
export function enumerate(space: Space): Architecture[] {
  const all = new Map<string, Architecture>();
  let partial: Partial<Genes>[] = [{}];
  for (const gene of GENES) {
    partial = partial.flatMap((genes) => choices(space)[gene].map((value) => ({ ...genes, [gene]: value })));
  }
  for (const genes of partial) {
    const a = fromGenes(space, genes as Genes);
    all.set(architectureKey(a), a);
  }
  return [...all.values()];
}

/** Number of architectures in the space. */
export function count(space: Space): number {
  return enumerate(space).length;
}

/** Equal for equal architectures, and only for them. */
export function architectureKey(a: Architecture): string {
  return `${architectureName(a)}-v${a.vocabulary}`;
}

/** Whether a student's layers start as copies of the teacher's. */
export function copiesLayers(a: Architecture, teacher: Pick<Architecture, "hidden">): boolean {
  return a.layers > 0 && a.hidden === teacher.hidden;
}

/** Number of entries in what `encode` returns. */
export const ENCODED_LENGTH = 12;

/**
 * Features for a predictor, each roughly in [0, 1]: the dimensions, on a log scale what they cost together, and whether layers start
 * as copies, and how many: in a short trial depth helps those students and holds others back (from one to six layers, 384 wide .82 to
 * .71, 312 wide .85 to .91).
 */
export function encode({ copiedWidth }: Pick<Space, "copiedWidth">, a: Architecture): number[] {
  const copies = copiedWidth !== undefined && copiesLayers(a, { hidden: copiedWidth });
  const headWidth = a.heads === 0 ? 0 : a.hidden / a.heads;
  return [
    a.layers / 6,
    a.layers === 0 ? 1 : 0,
    Math.log2(a.hidden / 64) / 3,
    headWidth / 64,
    a.layers === 0 ? 0 : a.ffn / a.hidden / 4,
    a.activation === "gelu" && a.layers > 0 ? 1 : 0,
    Math.log2(a.tableWidth / 64) / 2,
    Math.log10(a.vocabulary) / 6,
    Math.log10(1 + macsPerToken(a)) / 7,
    Math.log10(tableParameters(a)) / 8,
    copies ? 1 : 0,
    copies ? a.layers / 6 : 0,
  ];
}

const GENES = [
  "layers",
  "hidden",
  "headWidth",
  "ffnMultiple",
  "activation",
  "tableWidth",
  "vocabulary",
] as const satisfies readonly (keyof Genes)[];

function choices(space: Space): { readonly [G in keyof Genes]: readonly Genes[G][] } {
  return {
    layers: space.layers,
    hidden: space.hidden,
    headWidth: space.headWidths,
    ffnMultiple: space.ffnMultiples,
    activation: space.activations,
    tableWidth: space.tableWidths,
    vocabulary: space.vocabularies,
  };
}

function sampleGenes(space: Space, random: Random): Genes {
  const drawn = Object.entries(choices(space)).map(([gene, values]) => [gene, values[random.int(values.length)]]);
  return Object.fromEntries(drawn) as unknown as Genes;
}

/** The genes of `a`; what a static student lacks is drawn, so that its children may have layers. */
function toGenes(space: Space, a: Architecture, random: Random): Genes {
  if (a.layers === 0) {
    return { ...sampleGenes(space, random), layers: 0, tableWidth: a.tableWidth, vocabulary: a.vocabulary };
  }
  const { layers, hidden, activation, tableWidth, vocabulary } = a;
  const headWidth = hidden / a.heads;
  return { layers, hidden, headWidth, ffnMultiple: a.ffn / hidden, activation, tableWidth, vocabulary };
}

/** Applies the rules: the nearest head width that divides `hidden`, the widest table that is not wider than it. */
function fromGenes(space: Space, genes: Genes): Architecture {
  const { layers, hidden, vocabulary } = genes;
  if (layers === 0) {
    const tableWidth = genes.tableWidth;
    return { layers, hidden: tableWidth, heads: 0, ffn: 0, activation: STATIC_ACTIVATION, tableWidth, vocabulary };
  }
  const headWidths = space.headWidths.filter((width) => hidden % width === 0);
  const headWidth = headWidths.reduce((best, width) =>
    Math.abs(width - genes.headWidth) < Math.abs(best - genes.headWidth) ? width : best,
  );
  const tableWidth = Math.max(...space.tableWidths.filter((width) => width <= Math.min(hidden, genes.tableWidth)));
  const ffn = Math.round(genes.ffnMultiple * hidden);
  return { layers, hidden, heads: hidden / headWidth, ffn, activation: genes.activation, tableWidth, vocabulary };
}
