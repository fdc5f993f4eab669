import type { Log } from "./command/command.ts";
import type { Progress } from "./student/training-loop.ts";

/** `distil 3x256 · 41 % · 2,914 tokens/s · 1m 20s left · loss 0.412`, one line a report. */
export function progressLine(stage: string, progress: Progress): string {
  const share = Math.min(100, Math.round((100 * progress.tokens) / progress.totalTokens));
  const losses = Object.entries(progress.losses).map(([name, loss]) => `${name} ${loss.toFixed(3)}`);
  const rate = Math.round(progress.tokensPerSecond).toLocaleString("en-US");
  return `${stage} · ${share} % · ${rate} tokens/s · ${duration(progress.secondsLeft)} left · ${losses.join(", ")}`;
}

export function printProgress(stage: string, log: Log): (progress: Progress) => void {
  return (progress) => log(progressLine(stage, progress));
}

/** `teacher states · 40 % of 80,001 tokens`, at most every ten seconds. */
export function printShare(stage: string, unit: string, log: Log): (done: number, total: number) => void {
  let saidAt = 0;
  return (done, total) => {
    if (performance.now() - saidAt < 10_000) return;
    saidAt = performance.now();
    log(`${stage} · ${Math.round((100 * done) / total)} % of ${total.toLocaleString("en-US")} ${unit}`);
  };
}

/** `1h 05m`, `2m 10s`, `9s`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole >= 3600) return `${Math.floor(whole / 3600)}h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")}m`;
  return whole >= 60 ? `${Math.floor(whole / 60)}m ${String(whole % 60).padStart(2, "0")}s` : `${whole}s`;
}
