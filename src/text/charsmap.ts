/**
 * SentencePiece's precompiled charsmap: little-endian u32 length of a trie, the trie (a Darts double array of u32 over
 * UTF-8 bytes), then the replacements as UTF-8 strings, each ended by NUL. A leaf's value is an offset into them.
 */
import { BadFileError } from "../errors.ts";

/** Plain data: it may be sent to another thread. */
export interface Charsmap {
  /** What replaces a single character, by code point; characters that stay are absent. */
  readonly singles: ReadonlyMap<number, string>;
  readonly trie: Trie;
}

interface Trie {
  readonly units: Uint32Array;
  readonly replacements: Uint8Array;
}

const ROOT = 0;
const NO_NODE = -1;

/** The map that replaces nothing, for tokenisers without this normaliser. */
export const EMPTY_CHARSMAP: Charsmap = {
  singles: new Map(),
  trie: { units: new Uint32Array(), replacements: new Uint8Array() },
};

/** Reads the base64 text of `precompiled_charsmap`. Throws BadFileError when it is damaged. */
export function readCharsmap(base64: string): Charsmap {
  const bytes = Buffer.from(base64, "base64");
  const trieBytes = bytes.length >= 4 ? bytes.readUInt32LE(0) : 0;
  if (trieBytes < 4 || trieBytes % 4 !== 0 || 4 + trieBytes > bytes.length) {
    throw new BadFileError("precompiled_charsmap is damaged: the length of its trie is wrong");
  }
  const units = new Uint32Array(trieBytes / 4);
  for (let i = 0; i < units.length; i++) units[i] = bytes.readUInt32LE(4 + 4 * i);
  const trie = { units, replacements: new Uint8Array(bytes.subarray(4 + trieBytes)) };
  return { singles: singlesOf(trie), trie };
}

/** Replacement of the shortest key that `cluster` starts with, or null. */
export function shortestPrefix({ trie }: Charsmap, cluster: string): string | null {
  let node: number = ROOT;
  for (const byte of Buffer.from(cluster)) {
    node = byte === 0 ? NO_NODE : child(trie, node, byte);
    if (node === NO_NODE) return null;
    const replacement = leafOf(trie, node);
    if (replacement !== null) return replacement;
  }
  return null;
}

/** Walks the trie along the bytes of every well-formed character. */
function singlesOf(trie: Trie): Map<number, string> {
  const singles = new Map<number, string>();
  const walk = (node: number, codePoint: number, bytesLeft: number) => {
    if (bytesLeft === 0) {
      const replacement = leafOf(trie, node);
      if (replacement !== null) singles.set(codePoint, replacement);
      return;
    }
    for (let byte = 0x80; byte < 0xc0; byte++) {
      const next = child(trie, node, byte);
      if (next !== NO_NODE) walk(next, (codePoint << 6) | (byte & 0x3f), bytesLeft - 1);
    }
  };
  for (let lead = 1; lead < 0xf5; lead++) {
    const next = child(trie, ROOT, lead);
    if (next === NO_NODE || (lead >= 0x80 && lead < 0xc2)) continue;
    const bytesLeft = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    walk(next, bytesLeft === 0 ? lead : lead & (0x3f >> bytesLeft), bytesLeft);
  }
  return singles;
}

/** Darts keeps the label in the low byte; a value has bit 31 set and so never equals a byte. */
function child(trie: Trie, node: number, byte: number): number {
  const next = childBase(trie, node) ^ byte;
  return (unitAt(trie, next) & 0x800000ff) >>> 0 === byte ? next : NO_NODE;
}

function leafOf(trie: Trie, node: number): string | null {
  const hasLeaf = (unitAt(trie, node) >>> 8) & 1;
  if (!hasLeaf) return null;
  const start = unitAt(trie, childBase(trie, node)) & 0x7fffffff;
  const end = trie.replacements.indexOf(0, start);
  if (end < start) throw new BadFileError("precompiled_charsmap is damaged: a replacement has no end");
  const { buffer, byteOffset } = trie.replacements;
  return Buffer.from(buffer, byteOffset + start, end - start).toString();
}

function childBase(trie: Trie, node: number): number {
  const unit = unitAt(trie, node);
  return node ^ ((unit >>> 10) << ((unit & 0x200) >>> 6));
}

function unitAt(trie: Trie, index: number): number {
  return trie.units[index] ?? 0;
}
