import { z } from "zod";
import type { ErrorShape } from "../../http/error-reply.ts";
import { anyList, listOf } from "../list-of.ts";
import { unset } from "../unset.ts";

/** Shapes of the Open Inference Protocol, version 2, as KServe and Triton speak it. */

const AnyParameters = unset(z.record(z.string(), z.unknown()));
/** Each of them once: `outputMetadata` lists them. */
const mostOutputs = 4;
const Shape = listOf(z.int().min(0).max(1_000_000), anyList.min(1).max(4));

export const InferRequest = z.object({
  id: unset(z.string()),
  parameters: AnyParameters,
  inputs: listOf(
    z.object({
      name: z.string(),
      shape: Shape,
      datatype: z.literal("BYTES", "texts are BYTES"),
      parameters: AnyParameters,
      /** Flat or nested; not there when the texts follow the JSON in binary. */
      data: unset(anyList),
    }),
    anyList.min(1).max(2),
  ),
  outputs: unset(
    listOf(
      z.object({ name: z.string(), parameters: AnyParameters }),
      anyList.max(mostOutputs, `there are no more than ${mostOutputs}`),
    ),
  ),
});
export type InferRequest = z.infer<typeof InferRequest>;
export type InferInput = InferRequest["inputs"][number];

const Tensor = z.strictObject({
  name: z.string(),
  datatype: z.enum(["BYTES", "FP32"]),
  shape: z.array(z.int()),
  data: z.array(z.union([z.string(), z.number()])),
});
export type Tensor = z.infer<typeof Tensor>;

export const InferReply = z.strictObject({
  model_name: z.string(),
  model_version: z.string(),
  id: z.string().optional(),
  /** `truncated`: places of the texts of which only the first part was read, as in "0,3": a parameter is a text, a number or a boolean. */
  parameters: z.strictObject({ truncated: z.string() }).optional(),
  outputs: z.array(Tensor),
});

const TensorMetadata = z.strictObject({ name: z.string(), datatype: z.string(), shape: z.array(z.int()) });
export const ModelMetadata = z.strictObject({
  name: z.string(),
  versions: z.array(z.string()),
  platform: z.string(),
  inputs: z.array(TensorMetadata),
  outputs: z.array(TensorMetadata),
});

export const ServerMetadata = z.strictObject({
  name: z.string(),
  version: z.string(),
  extensions: z.array(z.string()),
  /** Not the protocol's: what may stand in the place of `{model}`. */
  models: z.array(z.string()),
});

export const openInferenceErrors: ErrorShape = {
  contentType: "application/json",
  schema: z.strictObject({ error: z.string() }),
  toReply: ({ status, title, detail }) => ({ status, body: { error: detail ?? title } }),
};
