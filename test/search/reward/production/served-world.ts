import type { CalibrateOptions } from "../../../../search/reward/production/calibrate.ts";
import { toTraffic } from "../../../../search/reward/production/read-traffic.ts";
import type { Traffic } from "../../../../search/reward/production/traffic.ts";
import { createSpace, sampleArchitecture } from "../../../../search/space/space.ts";
import type { Architecture } from "../../../../src/contract/architecture.ts";
import type { Manifest } from "../../../../src/contract/manifest.ts";
import { machine } from "../../../../src/onnx/machine.ts";
import { createRandom } from "../../../../src/random.ts";
import { tinyManifest } from "../../../fixtures/tiny-student.ts";
import { freshMetrics, serveTexts } from "../../metrics-server.ts";
import { syntheticLatencyMs, syntheticTrial } from "../../synthetic-trials.ts";

/** Two students of the synthetic world, and servers of it that count as ours do. */
const random = createRandom(2);
const space = createSpace(100_000);
export const trials = Array.from({ length: 40 }, (_, i) => syntheticTrial(sampleArchitecture(space, random), i >> 2));
export const fast = manifestOf("fast", trials.find((t) => t.architecture.layers === 0)?.architecture as Architecture);
export const slow = manifestOf("slow", trials.find((t) => t.architecture.layers === 4)?.architecture as Architecture);
export const options: CalibrateOptions = { manifests: [fast, slow], trials };
export const budgetsMs = [0.1, 0.6, 1.2, 2.4];
export const lengths = Array.from({ length: 200 }, (_, i) => 10 + ((i * 37) % 50));

/** A student whose offline timings are those of the synthetic world, taken on this machine. */
function manifestOf(name: string, architecture: Architecture): Manifest {
  const manifest = tinyManifest({ name });
  const latency = { ...machine(), threads: 1, lengths: syntheticTrial(architecture).latency };
  return { ...manifest, architecture, latency };
}

/** What servers count where a student takes `factors` times what it took offline; a part for each of them. */
export async function trafficOf(
  factors: readonly Readonly<Record<string, number>>[],
  texts: readonly number[] = lengths,
): Promise<Traffic> {
  const parts = await Promise.all(
    factors.map(async (factorOf) => {
      const metrics = freshMetrics([fast, slow]);
      for (const { name, architecture } of [fast, slow]) {
        const factor = factorOf[name];
        const msOf = (tokens: number) => (factor ?? 1) * syntheticLatencyMs(architecture, tokens);
        if (factor !== undefined) serveTexts(metrics, name, "sentiment", texts, msOf);
      }
      return toTraffic(await metrics.text());
    }),
  );
  return { ...(parts[0] as Traffic), parts: parts.flatMap((traffic) => traffic.parts) };
}

/** Distance of two positive numbers as a share of either. */
export function offBy(a: number | undefined, b: number): number {
  return Math.abs(Math.log((a ?? Number.NaN) / b));
}
