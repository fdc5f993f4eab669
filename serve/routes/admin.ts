import { z } from "zod";
import type { OperationRoute } from "./operations.ts";

const Reloaded = z.strictObject({
  students: z.array(z.strictObject({ name: z.string(), version: z.string() })).describe("that are served now"),
});

/** What changes the server; each call leaves a line in the log, which `app.ts` writes. */
export const adminRoutes: readonly OperationRoute[] = [
  {
    method: "POST",
    path: "/admin/reload",
    scope: "admin",
    describe: {
      tag: "operations",
      summary: "Looks at the models folder now and answers when all that changed is loaded or has failed",
      responses: { 200: Reloaded },
      failures: [],
    },
    answer: (app) => async (_req, res) => {
      await app.registry.scan();
      const students = app.registry.students().map(({ manifest: { name, version } }) => ({ name, version }));
      res.json({ students });
    },
  },
];
