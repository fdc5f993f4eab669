import { stepPrecisions } from "../student/training-graph.ts";
import type { Flag } from "./command.ts";

/**
 * Not the default: of a 5 × 384 the distillation loss after 160,000 tokens is .2883 with int8 and .2839 with fp32, and losses of
 * task training end 1 to 3 % higher (tokens a second: 4,000 and 2,200).
 */
export const precisionFlag = {
  type: "string",
  doc:
    "of the matrix products in training steps: int8 is nearly twice as fast where the processor has VNNI, and as noisy as the\n" +
    "      int8 student itself, so that the same tokens teach a little less",
  choices: stepPrecisions,
  default: "fp32",
} as const satisfies Flag;
