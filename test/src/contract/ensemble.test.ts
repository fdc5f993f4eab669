import { expect, test } from "vitest";
import { latencyAmong, scoresAmong } from "../../../src/contract/ensemble.ts";
import { tinyManifest } from "../../fixtures/tiny-student.ts";

test("scoresAmong() and latencyAmong() are those of an ensemble only where all of its members are there, in their versions", () => {
  const member = { manifest: tinyManifest({ name: "fast", layers: 0 }) };
  const { name, version } = member.manifest;
  const { scores, latency } = tinyManifest({ name: "any", score: 0.9, latencyMs: [1, 2, 3] });
  const ensemble = { members: [{ name, version }], tasks: [], scores, latency };
  const manifest = tinyManifest({ name: "slow", score: 0.6, ensemble });
  const among = (others: readonly (typeof member)[]) => [scoresAmong(manifest, others), latencyAmong(manifest, others)];
  const [together, alone] = [
    [scores, latency],
    [manifest.scores, manifest.latency],
  ];
  expect(among([member])).toEqual(together);
  expect(among([])).toEqual(alone);
  expect(among([{ manifest: { ...member.manifest, version: "0".repeat(12) } }])).toEqual(alone);
});
