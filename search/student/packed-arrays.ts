/** Values of a buffer, unless one array alone is longer. */
const chunkLength = 1 << 20;

/**
 * Returns a function that copies a short array into a few large buffers and gives back the view of the copy. Buffers of their
 * own for a million examples are each visited by every garbage collection, which then takes as long as a training step.
 */
function packer<Values extends Int32Array | Float32Array>(
  allocate: (length: number) => Values,
): (values: Values) => Values {
  let chunk = allocate(0);
  let used = 0;
  return (values) => {
    if (used + values.length > chunk.length) {
      chunk = allocate(Math.max(chunkLength, values.length));
      used = 0;
    }
    chunk.set(values, used);
    used += values.length;
    return chunk.subarray(used - values.length, used) as Values;
  };
}

export const packInts = () => packer<Int32Array>((length) => new Int32Array(length));
export const packFloats = () => packer<Float32Array>((length) => new Float32Array(length));
