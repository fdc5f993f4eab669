import type { Controller, ControllerOptions } from "./controller.ts";
import { createHistory, proposeOneByOne, sampleUnseen } from "./history.ts";

/** Draws from the space and learns nothing: what every other controller has to beat. */
export function createRandomController(options: ControllerOptions): Controller {
  const history = createHistory(options);
  const draw = () => sampleUnseen(options.space, history.random("sample"), history.isSeen);
  return {
    propose: (count) => Promise.resolve(proposeOneByOne(history, count, draw)),
    tell: (trials) => Promise.resolve(history.tell(trials)),
    state: () => history.state("random", 1),
  };
}
