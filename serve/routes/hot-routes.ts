import { feedbackRoutes } from "./feedback.ts";
import { huggingFaceRoute } from "./hugging-face.ts";
import { libreTranslateRoutes } from "./libre-translate.ts";
import { openInferenceRoutes } from "./open-inference/inference.ts";
import { openAiRoutes } from "./openai/moderations.ts";
import { perspectiveRoutes } from "./perspective/analyzer.ts";
import { discoveryRoute } from "./perspective/discovery.ts";
import { predictRoutes } from "./predict.ts";
import type { HotRoute } from "./route.ts";
import { taskRoute } from "./task.ts";
import { textEmbeddingsInferenceRoute } from "./text-embeddings-inference.ts";

/** Every route that is answered before Express sees the request, in the order of the documentation. */
export function hotRoutes(): HotRoute[] {
  return [
    ...predictRoutes(),
    taskRoute,
    ...feedbackRoutes,
    ...openAiRoutes,
    ...perspectiveRoutes,
    discoveryRoute,
    textEmbeddingsInferenceRoute,
    huggingFaceRoute,
    ...libreTranslateRoutes,
    ...openInferenceRoutes,
  ];
}
