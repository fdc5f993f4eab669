import { rmSync } from "node:fs";
import { join } from "node:path";
import { mean } from "../../src/stats.ts";
import { stageResult } from "../complete/stage-result.ts";
import { sideBySide } from "../side-by-side.ts";
import { interpolate } from "../student/interpolate.ts";
import type { Progress } from "../student/training-loop.ts";
import type { Weights } from "../student/weights.ts";

interface Copies {
  /** Trainings from the same weights. */
  readonly copies: number;
  readonly seed: number;
  /** Of all of them together. */
  readonly threads: number;
  readonly folder: string;
  readonly onProgress: (progress: Progress) => void;
}

/** What a training of its own has. */
export interface Copy {
  readonly seed: number;
  readonly threads: number;
  readonly checkpoint: string;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

/**
 * Trains copies of a student side by side, each under a seed of its own, and gives the mean of their ends (a soup: Wortsman et al. 2022).
 * Two trainings of one thread see a quarter more tokens a second than one of two threads (a 3 x 384, int8 steps, two cores: 8,170 and
 * 6,540), and their mean is better than either at most things. Of a 1 x 192, two copies of 9.5M tokens took 285 s and one of 15M took
 * 340 s; UMSAB 55.6 and 54.9, NTREX 93.5 and 92.8, mean of 35 sets 70.3 and 70.1. Each copy resumes by itself.
 */
export async function trainCopies(of: Copies, train: (copy: Copy) => Promise<Weights>): Promise<Weights> {
  const report = reportTogether(of.copies, of.onProgress);
  const threads = Math.max(1, Math.floor(of.threads / of.copies));
  const ends = await sideBySide(
    Array.from({ length: of.copies }, (_, i) => (signal: AbortSignal) => {
      const copy = { seed: of.seed + i, threads, onProgress: report(i), signal };
      return stageResult(copyPath(of.folder, i), (checkpoint) => train({ ...copy, checkpoint }));
    }),
  );
  return ends.reduce((middle, end, i) => interpolate(middle, end, 1 / (i + 1)));
}

/** Once their mean is safe. */
export function dropCopies(folder: string, copies: number): void {
  for (let i = 0; i < copies; i++) rmSync(`${copyPath(folder, i)}.safetensors`, { force: true });
}

function copyPath(folder: string, copy: number): string {
  return join(folder, `copy-${copy + 1}`);
}

/** One report of all, once each has had something to say, or one twice: others may have ended before a kill. */
function reportTogether(copies: number, onProgress: Copies["onProgress"]) {
  const latest = new Map<number, Progress>();
  const heard = new Set<number>();
  return (copy: number) => (progress: Progress) => {
    const isSecond = heard.has(copy);
    latest.set(copy, progress);
    heard.add(copy);
    if (heard.size < copies && !isSecond) return;
    heard.clear();
    onProgress(together(Array.from({ length: copies }, (_, i) => latest.get(i) ?? progress)));
  };
}

function together(all: readonly Progress[]): Progress {
  const sum = (of: (progress: Progress) => number) => all.reduce((total, each) => total + of(each), 0);
  const names = [...new Set(all.flatMap(({ losses }) => Object.keys(losses)))];
  return {
    tokens: sum(({ tokens }) => tokens),
    totalTokens: sum(({ totalTokens }) => totalTokens),
    tokensPerSecond: sum(({ tokensPerSecond, secondsLeft }) => (secondsLeft > 0 ? tokensPerSecond : 0)),
    secondsLeft: Math.max(...all.map(({ secondsLeft }) => secondsLeft)),
    losses: Object.fromEntries(names.map((name) => [name, mean(all.flatMap(({ losses }) => losses[name] ?? []))])),
  };
}
