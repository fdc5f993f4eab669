import type { Flag } from "./command.ts";
import { stepPrecisions } from "./student/training-graph.ts";

export const precisionFlag = {
  type: "string",
  doc:
    "of the matrix products in training steps: int8 is about twice as fast where the processor has VNNI, and as noisy as\n" +
    "      the int8 student itself",
  choices: stepPrecisions,
  default: "fp32",
} as const satisfies Flag;
