import { invariant } from "../../src/invariant.ts";
import type { AdamHyperparameters } from "./adam-settings.ts";
import { adamDefaults, adamSettingsFloats, createAdamSettings } from "./adam-settings.ts";
import { copyExactly, sumOfSquares } from "./adamw.ts";
import type { Arena } from "./arena.ts";
import { paddedLength } from "./arena.ts";

/**
 * A token table trained outside the graph. A step touches the rows of its batch only: the others keep weights and moments
 * as they are, and each row's bias correction counts its own updates. That is AdamW with every row a parameter of its own that
 * has no gradient in most steps; a dense step over 100k rows would cost some thirty times as much.
 */
export interface RowAdam {
  /** The table [rows, width], a live view. */
  readonly table: Float32Array<ArrayBuffer>;
  /** Writes table[ids[i]] to row i of `out` [ids.length, width]. */
  gather(ids: Int32Array, out: Float32Array): void;
  /** Adds row i of `gradient` [ids.length, width] to the pending gradient of row ids[i]; ids may repeat. */
  scatterAdd(ids: Int32Array, gradient: Float32Array): void;
  /** Sum of squares of the pending gradient, for a norm that covers more than this table. */
  pendingSquares(): number;
  /** Updates the rows that have a pending gradient, then forgets the gradient. */
  step(options: RowAdamStep): void;
  /** Forgets the pending gradient: a step that another part skipped, for a gradient that is not finite, is skipped here too. */
  discard(): void;
  state(): RowAdamState;
  /** Takes over a state of a table of the same shape. @throws BadFileError when the lengths differ. */
  restore(state: RowAdamState): void;
}

export interface RowAdamShape {
  readonly rows: number;
  /** Floats of a row, a multiple of 4. */
  readonly width: number;
  /** Most distinct rows that one step can touch: the tokens of the largest batch, or the batches between two steps. */
  readonly touchedRows: number;
}

export interface RowAdamStep {
  readonly learningRate: number;
  /** @default 0 */
  readonly weightDecay?: number;
  /** Factor on the gradient, from clipping by a global norm. @default 1 */
  readonly gradientScale?: number;
}

/** What a checkpoint needs. The arrays are views of the live state: write or copy them before the next step. */
export interface RowAdamState {
  readonly table: Float32Array;
  readonly firstMoments: Float32Array;
  readonly secondMoments: Float32Array;
  /** Updates of each row so far. */
  readonly updates: Uint32Array;
}

/** Floats of an arena that `createRowAdam` will take. */
export function rowAdamFloats({ rows, width, touchedRows }: RowAdamShape): number {
  return 3 * paddedLength(rows * width) + paddedLength(touchedRows * width) + adamSettingsFloats;
}

export function createRowAdam(
  arena: Arena,
  shape: RowAdamShape,
  hyperparameters: AdamHyperparameters = adamDefaults,
): RowAdam {
  const { rows, width, touchedRows } = shape;
  invariant(width % 4 === 0, `a row has a multiple of 4 floats, not ${width}`);
  const table = arena.allocate(rows * width);
  const firstMoments = arena.allocate(rows * width);
  const secondMoments = arena.allocate(rows * width);
  const pending = arena.allocate(touchedRows * width);
  const updates = new Uint32Array(rows);
  const slots = createSlots(rows, touchedRows);
  const settings = createAdamSettings(arena, hyperparameters);
  const rowBytes = width * 4;

  const discard = () => {
    pending.fill(0, 0, slots.touched() * width);
    slots.clear();
  };

  const updateRow = (row: number, slot: number, options: RowAdamStep) => {
    const { learningRate: rate, weightDecay = 0, gradientScale = 1 } = options;
    const steps = (updates[row] as number) + 1;
    updates[row] = steps;
    settings.set({ steps, rate, gradientScale, weightDecay });
    const from = row * rowBytes;
    const weights = table.byteOffset + from;
    const gradient = pending.byteOffset + slot * rowBytes;
    const [first, second] = [firstMoments.byteOffset + from, secondMoments.byteOffset + from];
    arena.kernels.adamw(weights, weights + rowBytes, gradient, first, second, settings.address);
  };

  return {
    table,
    gather: (ids, out) => gatherRows(table, width, ids, out),
    scatterAdd: (ids, gradient) => {
      invariant(gradient.length === ids.length * width, "a gradient has one row an id");
      for (let i = 0; i < ids.length; i++) {
        addRow(pending, slots.slotOf(ids[i] as number) * width, gradient, i * width, width);
      }
    },
    pendingSquares: () => sumOfSquares(arena, pending.subarray(0, paddedLength(slots.touched() * width))),
    step: (options) => {
      slots.visit((row, slot) => updateRow(row, slot, options));
      discard();
    },
    discard,
    state: () => ({ table, firstMoments, secondMoments, updates }),
    restore: (state) => {
      copyExactly(table, state.table);
      copyExactly(firstMoments, state.firstMoments);
      copyExactly(secondMoments, state.secondMoments);
      copyExactly(updates, state.updates);
    },
  };
}

/** Writes table[ids[i]] to row i of `out` [ids.length, width]. */
export function gatherRows(table: Float32Array, width: number, ids: Int32Array, out: Float32Array): void {
  invariant(out.length === ids.length * width, "gathered rows need one row an id");
  for (let i = 0; i < ids.length; i++) {
    const from = (ids[i] as number) * width;
    invariant(from >= 0 && from < table.length, `the token table has no row ${ids[i]}`);
    out.set(table.subarray(from, from + width), i * width);
  }
}

function addRow(target: Float32Array, to: number, source: Float32Array, from: number, width: number): void {
  for (let k = 0; k < width; k++) target[to + k] = (target[to + k] as number) + (source[from + k] as number);
}

/** Gives each touched row a slot, in the order in which they were touched, so that the pending gradient stays small. */
function createSlots(rows: number, capacity: number) {
  const slotOfRow = new Int32Array(rows).fill(-1);
  const touchedRows = new Int32Array(capacity);
  let count = 0;
  return {
    touched: () => count,
    slotOf: (row: number): number => {
      invariant(row >= 0 && row < rows, `the token table has no row ${row}`);
      const known = slotOfRow[row] as number;
      if (known >= 0) return known;
      invariant(count < capacity, `a step touches at most ${capacity} rows of the token table`);
      touchedRows[count] = row;
      slotOfRow[row] = count;
      return count++;
    },
    visit: (update: (row: number, slot: number) => void) => {
      for (let slot = 0; slot < count; slot++) update(touchedRows[slot] as number, slot);
    },
    clear: () => {
      for (let slot = 0; slot < count; slot++) slotOfRow[touchedRows[slot] as number] = -1;
      count = 0;
    },
  };
}
