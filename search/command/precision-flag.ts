import { stepPrecisions } from "../student/training-graph.ts";
import type { Flag } from "./command.ts";

/** Not the default: of a 3 × 384 the distillation loss after 160,000 tokens is .6505 with int8 and .6495 with fp32, in 34 s and 43 s. */
export const precisionFlag = {
  type: "string",
  doc: "of the matrix products in training steps: int8 is half as fast again where the processor has VNNI, and a little noisier",
  choices: stepPrecisions,
  default: "fp32",
} as const satisfies Flag;
