import { priorModel } from "../../../search/reward/latency-model.ts";
import { createSpace } from "../../../search/space/space.ts";
import type { Prospects } from "../../../search/time/estimate.ts";

/** A machine in round numbers, and all that a search may do on it. */
export const prospects: Prospects = {
  throughput: { teacher: 1e-3, fineTune: 3e-3, base: 1e-4, perMac: 1e-10 },
  space: createSpace(1000),
  budgetsMs: [0.1, 1],
  model: priorModel,
  ngrams: true,
  taught: 2,
  tuned: 0,
  given: null,
  statics: true,
};
