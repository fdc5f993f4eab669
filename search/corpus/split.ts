import type { LabelledRow } from "../../src/tasks/task.ts";

/** Keeps what is judged on apart from what is learnt from: sets repeat each other's texts, across tasks and splits. */
export type Use = "train" | "validation" | "lexicon" | "held-out";

const uses: Readonly<Record<string, Use>> = {
  train: "train",
  val: "validation",
  validation: "validation",
  dev: "validation",
  lexicon: "lexicon",
};

/** What a split is for; one that is not known (`test`) is only kept out of the training text. */
export function useOf(split: string): Use {
  return uses[split] ?? "held-out";
}

/** What to say of splits that are only held out, where rows are missed; null where there is none but `test`, which is meant so. */
export function adviceOnSplits(splits: Iterable<string>): string | null {
  const unknown = [...new Set(splits)].filter((split) => split !== "test").map((split) => JSON.stringify(split));
  if (unknown.length === 0) return null;
  return `nothing is learned from the split ${unknown.join(", ")}: known are ${Object.keys(uses).join(", ")}`;
}

/** Texts no training row may repeat, compared by letters and digits only where they have some. */
export class HeldOut {
  readonly #hashes = new Set<number>();

  get size(): number {
    return this.#hashes.size;
  }

  /** An empty half of a pair holds out no other. */
  add({ text, pair = "" }: LabelledRow): void {
    for (const half of [text, pair]) if (half.trim() !== "") this.#hashes.add(textHash(half));
  }

  /** Whether either text of the row was added before. */
  has(row: Pick<LabelledRow, "text" | "pair">): boolean {
    if (this.#hashes.has(textHash(row.text))) return true;
    return row.pair !== undefined && this.#hashes.has(textHash(row.pair));
  }
}

/**
 * 53-bit hash of the text in compatibility form and lower case, without spaces, punctuation and signs; with them where it has nothing else,
 * as `:(` has not.
 */
export function textHash(text: string): number {
  const form = text.normalize("NFKC").toLowerCase();
  return hash53(form, hasCounting(form) ? counts : all);
}

/** Whether a text belongs to a share (0 to 1) of all texts, always the same ones. */
export function isInShare(text: string, share: number): boolean {
  return share > 0 && textHash(text) % 1e4 < share * 1e4;
}

/** By UTF-16 unit: whether it counts. Surrogates do, so emoji tell texts apart. A table is ten times a regex's speed. */
const counts = Uint8Array.from({ length: 65536 }, (_, unit) =>
  /[\p{L}\p{M}\p{N}\p{Cs}]/u.test(String.fromCharCode(unit)) ? 1 : 0,
);

const all = new Uint8Array(65536).fill(1);

function hasCounting(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (counts[text.charCodeAt(i)] === 1) return true;
  return false;
}

/** Two multiplicative 32-bit hashes side by side, as many bits as a number holds exactly. @param counting units, as in `counts` */
function hash53(text: string, counting: Uint8Array): number {
  let a = 0x9e3779b9;
  let b = 0x85ebca6b;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (counting[unit] === 0) continue;
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x5bd1e995);
    b ^= b >>> 13;
  }
  a ^= a >>> 16;
  return (b >>> 0) * 2 ** 21 + (Math.imul(a, 0xc2b2ae35) >>> 11);
}
