import { distil } from "../../search/distil/distil.ts";
import type { StateTargets } from "../../search/distil/targets.ts";
import { type Materials, studentPositions } from "../../search/prepare.ts";
import { macsPerToken, tableParameters } from "../../search/space/cost.ts";
import type { Architecture } from "../../src/contract/architecture.ts";
import { probeScore } from "./linear-probe.ts";
import { extrapolate } from "./power-law.ts";
import type { ProxyValue } from "./results.ts";

export interface ProxySettings {
  readonly seed: number;
  readonly threads: number;
  /** Lengths of distillation that are tried, in tokens, the longest last. */
  readonly tokens: readonly number[];
  /** Tokens of a full distillation, to which curves are extrapolated. */
  readonly fullTokens: number;
}

/** Points of the learning curve of the longest distillation. */
const curvePoints = 8;
/** Shares of the longest distillation after which it is stopped. */
const stops = [0.25, 0.5, 0.75];

/** Everything that might tell the quality of an architecture before it is trained in full. */
export async function proxyValues(
  a: Architecture,
  materials: Materials,
  targets: StateTargets,
  settings: ProxySettings,
): Promise<ProxyValue[]> {
  const values: ProxyValue[] = [
    { name: "multiply-adds", value: Math.log(1 + macsPerToken(a)) + 1e-6 * Math.log(tableParameters(a)), seconds: 0 },
  ];
  for (const tokens of [0, ...settings.tokens]) {
    values.push(...(await distillationValues(a, materials, targets, { ...settings, length: tokens })));
  }
  return values;
}

/** A distillation of one length: its loss, a probe of what came out, and for the longest what its curve tells earlier. */
async function distillationValues(
  a: Architecture,
  materials: Materials,
  targets: StateTargets,
  { seed, threads, tokens: lengths, fullTokens, length }: ProxySettings & { readonly length: number },
): Promise<ProxyValue[]> {
  const longest = lengths.at(-1) ?? 0;
  const started = performance.now();
  const { weights, pooledLoss, curve } = await distil(a, targets, materials.heritage, {
    tokens: length,
    seed,
    threads,
    positions: studentPositions,
    validationTexts: Math.max(16, Math.round(targets.sequences.length * 0.1)),
    onProgress: () => {},
    ...(length === longest ? { curveTokens: length / curvePoints } : {}),
  });
  const seconds = (performance.now() - started) / 1000;
  const { layerNormEpsilon, padId } = materials.teacher;
  const probe = await probeScore(a, weights, materials.tasks, { layerNormEpsilon, padId, threads });
  const withProbe = (performance.now() - started) / 1000;
  const early = stops.flatMap((share) => {
    const seen = curve.filter(({ tokens }) => tokens <= share * length * 1.05);
    const last = seen.at(-1);
    if (length !== longest || last === undefined || seen.length < 2) return [];
    const cost = seconds * share;
    return [
      { name: `stopped at ${share} of ${length}`, value: -last.pooledLoss, seconds: cost },
      { name: `extrapolated from ${share} of ${length}`, value: -extrapolate(seen, fullTokens), seconds: cost },
    ];
  });
  const distilled = length === 0 ? [] : [{ name: `distilled on ${length}`, value: -pooledLoss, seconds }];
  return [...distilled, { name: `probe after ${length}`, value: probe, seconds: withProbe }, ...early];
}
