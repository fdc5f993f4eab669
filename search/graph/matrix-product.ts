import { must } from "../../src/invariant.ts";
import { openSession, Tensor } from "../../src/onnx/session.ts";
import { ModelBuilder } from "./model-builder.ts";

/** A dense matrix, row-major. */
export interface DenseMatrix {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** `a · b`, or `aᵀ · b`, by the runtime: some fifty times as fast as loops for tables with 100,000 rows. */
export async function matrixProduct(
  a: DenseMatrix,
  b: DenseMatrix,
  options: { readonly transposeA: boolean; readonly threads: number },
): Promise<DenseMatrix> {
  const builder = new ModelBuilder();
  const inputs = [builder.input("a", "float32", ["m", "k"]), builder.input("b", "float32", ["n", "p"])];
  builder.rawNode("Gemm", inputs, ["product"], { transA: options.transposeA ? 1 : 0 });
  builder.output("product", "float32", ["rows", "columns"]);
  const session = await openSession(builder.toBytes(), { threads: options.threads });
  const outputs = await session.run({
    a: new Tensor("float32", a.data, a.dims),
    b: new Tensor("float32", b.data, b.dims),
  });
  await session.release();
  const product = must(outputs.product);
  return { dims: product.dims, data: product.data as Float32Array };
}
