import type { Architecture } from "../../src/contract/architecture.ts";
import { type Feeds, Tensor } from "../../src/onnx/session.ts";
import type { Batch } from "../../src/text/batch.ts";

/** The inputs of a training graph that follow from the batch alone; `embedded` float32 [rows · tokens, tableWidth]. */
export function batchFeeds(a: Architecture, batch: Batch, embedded: Float32Array, positions: number): Feeds {
  const { rows, tokens } = batch;
  const headWidth = a.heads === 0 ? 0 : a.hidden / a.heads;
  return {
    embedded: new Tensor("float32", embedded, [rows * tokens, a.tableWidth]),
    shape_heads: integers([rows, tokens, 3, a.heads, headWidth]),
    shape_table: integers([rows, tokens, a.tableWidth]),
    shape_hidden: integers([rows, tokens, a.hidden]),
    token_count: integers([tokens]),
    position_padding: integers([0, 0, positions - tokens, 0]),
    attention_bias: new Tensor(
      "float32",
      batch.mask.map((m) => (m - 1) * 10_000),
      [rows, 1, 1, tokens],
    ),
    pool_weight: new Tensor("float32", poolWeights(batch), [rows, 1, tokens]),
  };
}

/** 1 / length for text and 0 for padding, so that a product with the states is their mean. */
function poolWeights({ rows, tokens, mask }: Batch): Float32Array {
  const weights = new Float32Array(mask.length);
  for (let row = 0; row < rows; row++) {
    const start = row * tokens;
    let length = 0;
    for (let t = 0; t < tokens; t++) length += mask[start + t] as number;
    for (let t = 0; t < tokens; t++) weights[start + t] = (mask[start + t] as number) / length;
  }
  return weights;
}

function integers(values: readonly number[]): Tensor {
  return new Tensor("int64", BigInt64Array.from(values, BigInt), [values.length]);
}
