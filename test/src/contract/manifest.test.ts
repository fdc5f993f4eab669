import { expect, test } from "vitest";
import { Manifest } from "../../../src/contract/manifest.ts";
import { tinyManifest } from "../../fixtures/tiny-student.ts";

const member = { name: "fast", version: "0".repeat(12) };

function withWeights(...weights: number[]) {
  const { scores, latency, ...rest } = tinyManifest({ name: "slow", layers: 0 });
  const ensemble = { members: [member], tasks: [{ task: "sentiment", weights }], scores, latency };
  return Manifest.safeParse({ ...rest, scores, latency, ensemble });
}

test("Manifest takes an ensemble with a weight for the student and for each member", () => {
  expect(withWeights(0.6, 0.4).success).toBe(true);
  expect(withWeights(0.6, 0).success).toBe(true);
});

test.each([[[0.6]], [[0.6, 0.3, 0.1]], [[0, 0]]])(
  "Manifest refuses an ensemble of two with the weights %j",
  (weights) => {
    const { error } = withWeights(...weights);
    expect(error?.issues.map(({ path }) => path.join("."))).toContainEqual(expect.stringMatching(/^ensemble\.tasks/));
  },
);
