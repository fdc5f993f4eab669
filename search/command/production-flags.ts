import { ConfigError } from "../../src/errors.ts";
import { toSelector } from "../reward/production/read-traffic.ts";
import type { Flag, Flags } from "./command.ts";

/** Where production's metrics are read from; no URL: they are not. */
export interface MetricsSource {
  readonly urls: readonly string[];
  readonly windowSeconds: number;
  /** Label matchers for a Prometheus; empty: all of kdnas. */
  readonly selector: string;
  readonly authorization: string | null;
}

/** Flags of the search that join it to production. */
export const productionFlags: Readonly<Record<string, Flag>> = {
  metrics: {
    type: "string",
    value: "url",
    multiple: true,
    doc:
      "only fit the latency model to production, show what that changes and keep it in runs/<id>/production.json: a server's\n" +
      "      /metrics, or a Prometheus server; several may be given, one --metrics each",
  },
  window: {
    type: "string",
    value: "15m|6h|7d",
    doc: "with --metrics: how far back a Prometheus server is asked",
    default: "1h",
  },
  selector: {
    type: "string",
    value: "label matchers",
    doc: 'with --metrics: which of a Prometheus server\'s series, as in job="kdnas",env=~"prod.*" (default: all of kdnas)',
  },
  authorization: {
    type: "string",
    value: "header",
    doc: 'with --metrics: the Authorization header, as in "Bearer KEY"; better in the environment, where nobody sees it',
    env: "KDNAS_METRICS_AUTHORIZATION",
  },
  production: {
    type: "string",
    value: "file",
    doc: "production.json of an earlier --metrics: budgets are then of a text of that traffic, not of 32 tokens offline",
  },
};

/** @throws {ConfigError} naming the flag that is wrong. */
export function toMetricsSource(flags: Flags): MetricsSource {
  return {
    urls: flags.metrics,
    windowSeconds: toSeconds(flags.window),
    selector: toSelector(flags.selector ?? ""),
    authorization: flags.authorization ?? null,
  };
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

function toSeconds(text: string): number {
  const [, count, unit = ""] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text.trim()) ?? [];
  const seconds = Number(count) * (unitSeconds[unit] ?? Number.NaN);
  if (!(seconds >= 60)) throw new ConfigError(`--window is a minute or more, such as 15m or 6h, not "${text}"`);
  return seconds;
}
