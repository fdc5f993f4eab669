import { defineConfig } from "vitest/config";

/** `.ci/run` sets this to count the results without reading coloured text. */
const resultFile = process.env.VITEST_RESULT_FILE;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Processes, not threads: native add-ons (onnxruntime) and the workers that tests start live and die with them.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    reporters: resultFile === undefined ? ["default"] : ["default", ["json", { outputFile: resultFile }]],
  },
});
