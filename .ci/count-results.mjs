// Last line of a run: "N passed, N failed", counted from vitest's own result file.
// A run that failed without a failing test (lint, types, a file that does not load) counts as one failure, never as none.
import { readFileSync } from "node:fs";

const [resultFile, exitStatus] = process.argv.slice(2);
const text = readFileSync(resultFile, "utf8");
const result = text === "" ? undefined : JSON.parse(text);

if (result === undefined) console.log("npm test stopped before the tests ran.");
else
  console.log(
    `${result.numTotalTests} tests in ${result.testResults.length} files, ${result.numPendingTests} skipped.`,
  );

const unloaded =
  result?.testResults.filter((f) => f.status === "failed" && f.assertionResults.length === 0).length ?? 0;
const failed = (result?.numFailedTests ?? 0) + unloaded;
console.log(`${result?.numPassedTests ?? 0} passed, ${exitStatus === "0" ? failed : Math.max(failed, 1)} failed`);
