import type { Architecture } from "../../src/contract/architecture.ts";
import type { Controller, ControllerOptions } from "./controller.ts";
import { createHistory, sampleUnseen } from "./history.ts";

/** Draws from the space and learns nothing: what every other controller has to beat. */
export function createRandomController(options: ControllerOptions): Controller {
  const history = createHistory(options);
  return {
    propose: async (count) => {
      const proposals: Architecture[] = [];
      while (proposals.length < count) {
        const architecture = sampleUnseen(options.space, history.random(), history.isSeen);
        if (architecture === null) break;
        history.propose(architecture);
        proposals.push(architecture);
      }
      return proposals;
    },
    tell: async (trials) => history.tell(trials),
    state: () => history.state("random", 1),
  };
}
