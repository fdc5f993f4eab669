import { invariant } from "../../src/invariant.ts";
import { type Feeds, Tensor } from "../../src/onnx/session.ts";
import { answerCalls, HandedOver } from "../../src/threads/answer-calls.ts";
import { loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import { copyWeights } from "./copy-weights.ts";
import { Trainer } from "./trainer.ts";
import type { Lesson, NewTraining, TrainingRequest } from "./training-thread.ts";
import type { Weights } from "./weights.ts";

/** The inside of a `TrainingThread`. */
let trainer: Trainer | undefined;

answerCalls<TrainingRequest>((request) => {
  if (request.kind === "open") return open(request);
  invariant(trainer, "a training is opened before it is asked for anything");
  switch (request.kind) {
    case "step":
      return trainer.step(request.objective, request.batch, toFeeds(request), request.learningRate);
    case "losses":
      return trainer.losses(request.objective, request.batch, toFeeds(request));
    case "weights":
      return handedOver(trainer.weights());
    case "save":
      return saveCheckpoint(request.path, trainer, request.position);
    case "load":
      return loadCheckpoint(request.path, trainer);
    case "release":
      return trainer.release();
  }
});

function open({ architecture, weights, objectives, options }: NewTraining): void {
  trainer = new Trainer(architecture, weights, objectives, options);
}

function toFeeds({ targets }: Lesson): Feeds {
  return Object.fromEntries(
    Object.entries(targets).map(([name, { type, data, dims }]) => [
      name,
      new Tensor(type as "float32", data as Float32Array, dims),
    ]),
  );
}

function handedOver(views: Weights): HandedOver {
  const { weights, buffers } = copyWeights(views);
  return new HandedOver(weights, buffers);
}
