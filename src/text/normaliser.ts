/**
 * Text to marked words: the charsmap is applied as the Rust `tokenizers` does it (a cluster of less than six UTF-8 bytes is
 * replaced whole by its shortest mapped prefix, anything else character by character), and white space becomes the mark
 * U+2581 at the head of each word. The result lies in `units`, up to `length`: UTF-16 code units, reused by the next call.
 */
import { type Charsmap, shortestPrefix } from "./charsmap.ts";
import { clusterEnd, codePointAt, joiningUnits, joinsPlainly, unitsOf } from "./grapheme-clusters.ts";

/** How spaces are read. */
export interface SpaceRules {
  /** Words are what lies between white space (WhitespaceSplit); otherwise each U+0020 becomes a mark of its own. */
  readonly splitsOnWhiteSpace: boolean;
  /** A run of spaces counts as one. */
  readonly collapses: boolean;
}

export const MARK = 0x2581;

const SPACE = 0x20;
const WHITE_SPACE = [9, 10, 11, 12, 13, 0x20, 0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000].concat(
  Array.from({ length: 11 }, (_, i) => 0x2000 + i),
);

/** Below this many UTF-8 bytes a cluster is looked up as a whole. */
const CLUSTER_BYTES = 6;
/** The first code point of three UTF-8 bytes. */
const THREE_BYTES = 0x800;

// Flags of a UTF-16 code unit. A unit without any is copied.
const IS_SPACE = 1;
const NEEDS_CARE = 2;
const JOINS = 4;
/** Joins the character before, is not mapped, and is three bytes long. */
const JOINS_PLAINLY = 8;

export class Normaliser {
  units = new Uint16Array(1024);
  length = 0;
  readonly #charsmap: Charsmap;
  readonly #rules: SpaceRules;
  readonly #flags: Uint8Array;
  #atStart = true;
  #spaces = 0;

  constructor(charsmap: Charsmap, rules: SpaceRules) {
    this.#charsmap = charsmap;
    this.#rules = rules;
    this.#flags = flagsOf(charsmap, rules);
  }

  /** Call before the first `read` of a text. */
  restart(): void {
    this.#atStart = true;
    this.#spaces = 0;
  }

  /**
   * Fills `units` from `text[start, end)`, as far as the first white space after `enough` units, and returns where to go on
   * (`end` when all is read). Whole words only, so that a long text can be left when enough of it is known.
   */
  read(text: string, start: number, end: number, enough: number): number {
    this.length = 0;
    let at = start;
    while (at < end && !(this.#spaces > 0 && this.length >= enough)) at = this.#step(text, at, end);
    if (at === end && !this.#rules.splitsOnWhiteSpace) this.#putMarks(this.#marksOfSpaces());
    return at;
  }

  /** Copies plain units as far as a space or one that needs care, and takes that too. */
  #step(text: string, start: number, end: number): number {
    const flags = this.#flags;
    let flag = flags[text.charCodeAt(start)] as number;
    for (let at = start; at < end; at++) {
      const next = at + 1 < end ? (flags[text.charCodeAt(at + 1)] as number) : 0;
      // A unit that is not mapped alone may be the first of a mapped pair.
      if (((flag & NEEDS_CARE) | (next & JOINS)) !== 0) return this.#longCluster(text, at, end);
      this.#put(text.charCodeAt(at));
      if (flag !== 0) return at + 1;
      flag = next;
    }
    return end;
  }

  /**
   * Short cut for Indic and Thai syllables: two characters of three bytes make the cluster too long for being looked up as a
   * whole, and where none of its characters is mapped it is copied. Anything else goes to #cluster.
   */
  #longCluster(text: string, start: number, end: number): number {
    const flags = this.#flags;
    const first = text.charCodeAt(start);
    if (first < THREE_BYTES || ((flags[first] as number) & NEEDS_CARE) !== 0) return this.#cluster(text, start, end);
    let next = start + 1;
    while (next < end && ((flags[text.charCodeAt(next)] as number) & JOINS_PLAINLY) !== 0) next++;
    const isOpen = next < end && ((flags[text.charCodeAt(next)] as number) & JOINS) !== 0;
    if (next === start + 1 || isOpen) return this.#cluster(text, start, end);
    for (let at = start; at < next; at++) this.#put(text.charCodeAt(at));
    return next;
  }

  #cluster(text: string, start: number, end: number): number {
    const next = clusterEnd(text, start, end);
    const first = unitsOf(codePointAt(text, start));
    const cluster = next > start + first && next - start < CLUSTER_BYTES ? text.slice(start, next) : null;
    const whole =
      cluster !== null && Buffer.byteLength(cluster) < CLUSTER_BYTES ? shortestPrefix(this.#charsmap, cluster) : null;
    if (whole !== null) this.#putString(whole);
    else this.#putEach(text, start, next);
    return next;
  }

  #putEach(text: string, start: number, end: number): void {
    for (let at = start; at < end; ) {
      const codePoint = codePointAt(text, at);
      const replacement = this.#charsmap.singles.get(codePoint);
      this.#putString(replacement ?? String.fromCodePoint(codePoint));
      at += unitsOf(codePoint);
    }
  }

  #putString(text: string): void {
    for (let i = 0; i < text.length; i++) this.#put(text.charCodeAt(i));
  }

  #put(unit: number): void {
    if (this.#isSpace(unit)) {
      this.#spaces++;
      return;
    }
    if (this.#spaces > 0 || this.#atStart) this.#startWord(unit);
    if (this.length === this.units.length) this.#grow();
    this.units[this.length++] = unit;
  }

  #isSpace(unit: number): boolean {
    return unit === SPACE || (this.#rules.splitsOnWhiteSpace && ((this.#flags[unit] as number) & IS_SPACE) !== 0);
  }

  #startWord(unit: number): void {
    const marks = this.#marksOfSpaces();
    const leads = this.#atStart || this.#rules.splitsOnWhiteSpace;
    this.#atStart = false;
    // A word is marked once: not where spaces or the text itself have done so.
    this.#putMarks(marks === 0 && leads && unit !== MARK ? 1 : marks);
  }

  #marksOfSpaces(): number {
    const spaces = this.#spaces;
    this.#spaces = 0;
    if (this.#rules.splitsOnWhiteSpace) return 0;
    return this.#rules.collapses ? Math.min(1, spaces) : spaces;
  }

  #putMarks(count: number): void {
    for (let i = 0; i < count; i++) {
      if (this.length === this.units.length) this.#grow();
      this.units[this.length++] = MARK;
    }
  }

  #grow(): void {
    const wider = new Uint16Array(this.units.length * 2);
    wider.set(this.units);
    this.units = wider;
  }
}

function flagsOf(charsmap: Charsmap, rules: SpaceRules): Uint8Array {
  const flags = new Uint8Array(0x10000);
  for (const unit of rules.splitsOnWhiteSpace ? WHITE_SPACE : [SPACE]) flags[unit] = IS_SPACE;
  flags.fill(NEEDS_CARE | JOINS, 0xd800, 0xe000);
  for (const codePoint of charsmap.singles.keys()) {
    if (codePoint < 0x10000) flags[codePoint] = (flags[codePoint] as number) | NEEDS_CARE;
  }
  for (const unit of joiningUnits()) {
    const isPlain = unit >= THREE_BYTES && joinsPlainly(unit) && !charsmap.singles.has(unit);
    flags[unit] = (flags[unit] as number) | NEEDS_CARE | JOINS | (isPlain ? JOINS_PLAINLY : 0);
  }
  return flags;
}
