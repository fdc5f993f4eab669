import { ProtoWriter } from "./protobuf.ts";

/** A dimension is a number, or a name for one that is known only at run time. */
export type Dims = readonly (number | string)[];

/** `ValueInfoProto` of a graph's input or output; `elementType` is a number of `TensorProto.DataType`. */
export function valueInfo(name: string, elementType: number, dims: Dims): ProtoWriter {
  const shape = new ProtoWriter();
  for (const dim of dims) {
    shape.message(1, typeof dim === "number" ? new ProtoWriter().integer(1, dim) : new ProtoWriter().string(2, dim));
  }
  const tensorType = new ProtoWriter().integer(1, elementType).message(2, shape);
  return new ProtoWriter().string(1, name).message(2, new ProtoWriter().message(1, tensorType));
}
