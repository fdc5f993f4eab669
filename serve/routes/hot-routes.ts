import { predictRoutes } from "./predict.ts";
import type { HotRoute } from "./route.ts";

/** Every route that is answered before Express sees the request, in the order of the documentation. */
export function hotRoutes(): HotRoute[] {
  return [...predictRoutes()];
}
