import { UpstreamError } from "../../src/errors.ts";
import type { Sample } from "../reward/metrics-text.ts";
import { type ServerWindow, toServerWindow } from "./server-window.ts";
import { gainsBetween, type Snapshot, toSnapshots } from "./snapshot.ts";

/** What a server answered when it was asked for its metrics, or why it did not. */
export type Answer =
  | { readonly server: string; readonly text: string }
  | { readonly server: string; readonly failure: string };

export interface Look {
  readonly asked: number;
  readonly windows: readonly ServerWindow[];
  /** What was counted in them, and gauges as they are, by server. */
  readonly gains: readonly (readonly Sample[])[];
  readonly refused: readonly { readonly server: string; readonly reason: string }[];
}

interface Used {
  readonly window: ServerWindow;
  readonly gains: readonly Sample[];
}

/** Looks at servers again and again, and tells what each did in between: what cannot be believed is refused with a reason. */
export class Observer {
  private before = new Map<string, Snapshot>();
  private readonly maxAgeMs: number;

  constructor(maxAgeMs: number) {
    this.maxAgeMs = maxAgeMs;
  }

  look(answers: readonly Answer[], atMs: number): Look {
    const used: Used[] = [];
    const refused: { server: string; reason: string }[] = [];
    let asked = 0;
    for (const answer of answers) {
      const snapshots = this.read(answer, atMs);
      asked += typeof snapshots === "string" ? 1 : snapshots.length;
      if (typeof snapshots === "string") refused.push({ server: answer.server, reason: snapshots });
      else for (const snapshot of snapshots) this.compare(snapshot, used, refused);
    }
    return { asked, windows: used.map(({ window }) => window), gains: used.map(({ gains }) => gains), refused };
  }

  /** The process's snapshots, or why there are none. */
  private read(answer: Answer, atMs: number): Snapshot[] | string {
    if ("failure" in answer) return answer.failure;
    return orReason(() => toSnapshots(answer.server, answer.text, atMs, this.maxAgeMs));
  }

  /** Also what is refused is where the next look begins: a server that was started anew counts from there. */
  private compare(snapshot: Snapshot, used: Used[], refused: { server: string; reason: string }[]): void {
    const { server } = snapshot;
    const before = this.before.get(server);
    this.before.set(server, snapshot);
    if (before === undefined) {
      refused.push({ server, reason: "first look" });
      return;
    }
    const seconds = (snapshot.atMs - before.atMs) / 1000;
    const found = orReason(() => {
      const gains = gainsBetween(before, snapshot);
      return { gains, window: toServerWindow(gains, seconds) };
    });
    if (typeof found === "string") refused.push({ server, reason: found });
    else used.push(found);
  }
}

function orReason<T>(work: () => T): T | string {
  try {
    return work();
  } catch (error) {
    if (error instanceof UpstreamError) return error.message;
    throw error;
  }
}
