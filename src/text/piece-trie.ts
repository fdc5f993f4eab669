/**
 * Vocabulary pieces as a trie over UTF-16 code units, in one hash table: a node is the number of its slot plus one, and a slot
 * holds what it must be compared with, so that a step is mostly one cache line. First units have a table of their own, and each node
 * a filter over its children, which spares most of the steps that would find nothing.
 */
export interface PieceTrie {
  /** Slots of four: parent node (0: the root), code unit, id of the piece that ends here (-1: none), filter of children. */
  readonly slots: Int32Array;
  /** Slots less one; their number is a power of two. */
  readonly mask: number;
  /** The node of each first code unit, NO_NODE where there is none. */
  readonly first: Int32Array;
}

export const NO_NODE = 0;

const ROOT = 0;
const FREE = -1;
const SLOT = 4;
const UNIT = 1;
const ID = 2;
const CHILDREN = 3;

/** Builds the trie; where two pieces are equal the later one counts. */
export function buildPieceTrie(pieces: readonly string[]): PieceTrie {
  let trie = emptyTrie(2 ** Math.ceil(Math.log2(pieces.length * 4 + 16)));
  while (!fill(trie, pieces)) trie = emptyTrie((trie.mask + 1) * 2);
  return trie;
}

/** Id of the piece that ends at `node`, or -1. */
export function pieceAt(trie: PieceTrie, node: number): number {
  return trie.slots[(node - 1) * SLOT + ID] as number;
}

/** Looks pieces up by their ids; undefined for an id that is no piece's. */
export function piecesOf({ slots }: PieceTrie): (id: number) => string | undefined {
  let last = -1;
  for (let at = 0; at < slots.length; at += SLOT) last = Math.max(last, slots[at + ID] as number);
  const nodes = new Int32Array(last + 1);
  for (let slot = 0; slot * SLOT < slots.length; slot++) {
    const id = slots[slot * SLOT + ID] as number;
    if (id >= 0) nodes[id] = slot + 1;
  }
  return (id) => {
    const node = nodes[id] ?? NO_NODE;
    return node === NO_NODE ? undefined : textTo(slots, node);
  };
}

function textTo(slots: Int32Array, node: number): string {
  const units: number[] = [];
  for (let at = node; at !== ROOT; at = slots[(at - 1) * SLOT] as number)
    units.push(slots[(at - 1) * SLOT + UNIT] as number);
  return String.fromCharCode(...units.reverse());
}

/** The child of `node` along `unit`, or NO_NODE. */
export function childOf(trie: PieceTrie, node: number, unit: number): number {
  const children = trie.slots[(node - 1) * SLOT + CHILDREN] as number;
  return ((children >>> (unit & 31)) & 1) === 0 ? NO_NODE : find(trie, node, unit);
}

function find(trie: PieceTrie, node: number, unit: number): number {
  const { slots, mask } = trie;
  for (let slot = slotOf(node, unit, mask); ; slot = (slot + 1) & mask) {
    const parent = slots[slot * SLOT] as number;
    if (parent === node && slots[slot * SLOT + UNIT] === unit) return slot + 1;
    if (parent === FREE) return NO_NODE;
  }
}

function emptyTrie(size: number): PieceTrie {
  return { slots: sharedIntegers(size * SLOT).fill(FREE), mask: size - 1, first: sharedIntegers(0x10000) };
}

/** False when more than half of the slots would be taken: probes grow long from there on. */
function fill(trie: PieceTrie, pieces: readonly string[]): boolean {
  let free = (trie.mask + 1) >> 1;
  for (let id = 0; id < pieces.length; id++) {
    const piece = pieces[id] as string;
    let node = ROOT;
    for (let i = 0; i < piece.length; i++) {
      const parent = node;
      node = find(trie, parent, piece.charCodeAt(i));
      if (node !== NO_NODE) continue;
      if (--free < 0) return false;
      node = insert(trie, parent, piece.charCodeAt(i));
    }
    if (node !== ROOT) trie.slots[(node - 1) * SLOT + ID] = id;
  }
  return true;
}

function insert(trie: PieceTrie, parent: number, unit: number): number {
  const { slots, mask } = trie;
  let slot = slotOf(parent, unit, mask);
  while (slots[slot * SLOT] !== FREE) slot = (slot + 1) & mask;
  slots[slot * SLOT] = parent;
  slots[slot * SLOT + UNIT] = unit;
  slots[slot * SLOT + CHILDREN] = 0;
  if (parent === ROOT) trie.first[unit] = slot + 1;
  else slots[(parent - 1) * SLOT + CHILDREN] = (slots[(parent - 1) * SLOT + CHILDREN] as number) | (1 << (unit & 31));
  return slot + 1;
}

function slotOf(node: number, unit: number, mask: number): number {
  const hash = Math.imul(node, 0x9e3779b1) ^ Math.imul(unit, 0x85ebca6b);
  return (hash ^ (hash >>> 15)) & mask;
}

/** In memory that threads may share: a trie is several megabytes, and never written to again. */
function sharedIntegers(length: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(length * Int32Array.BYTES_PER_ELEMENT));
}
