import type { FeedbackRecord, Span } from "../../src/contract/feedback.ts";
import { must } from "../../src/invariant.ts";

/** What is on disk of an id. */
export interface Known {
  readonly key: string | null;
  readonly verdict: string;
  /** Every line of it, the last one counts. */
  readonly spans: readonly Span[];
}

interface Entry extends Known {
  spans: Span[];
}

/** The corrections of a file, by id in the order in which they were first given, and where their lines stand. */
export class KnownCorrections {
  private readonly byId = new Map<string, Entry>();
  /** Of the lines that count, with their newlines. */
  liveBytes = 0;

  get count(): number {
    return this.byId.size;
  }

  get(id: string): Known | undefined {
    return this.byId.get(id);
  }

  ids(): string[] {
    return [...this.byId.keys()];
  }

  /** Of a line that was added. */
  note(record: FeedbackRecord, span: Span): void {
    const known = this.byId.get(record.id);
    if (known !== undefined) this.liveBytes -= lineOf(known).bytes + 1;
    const spans: Span[] = known?.spans ?? [];
    spans.push(span);
    this.byId.set(record.id, { key: record.key, verdict: verdictOf(record), spans });
    this.liveBytes += span.bytes + 1;
  }

  forget(id: string): void {
    this.liveBytes -= lineOf(must(this.byId.get(id))).bytes + 1;
    this.byId.delete(id);
  }

  /**
   * Lines that count, in the order of the file, and what takes note of where they have gone to: then there are no others any more.
   * Nothing else may be noted before.
   */
  live(): { readonly spans: readonly Span[]; readonly moved: (to: readonly Span[]) => void } {
    const all = [...this.byId.values()].sort((a, b) => lineOf(a).offset - lineOf(b).offset);
    const moved = (to: readonly Span[]) => {
      all.forEach((known, i) => {
        known.spans = [must(to[i])];
      });
    };
    return { spans: all.map(lineOf), moved };
  }
}

/** The line that counts. */
export function lineOf({ spans }: Known): Span {
  return must(spans.at(-1));
}

/** What is compared: whoever says the same again changes nothing. */
export function verdictOf({ label, score, language }: Pick<FeedbackRecord, "label" | "score" | "language">): string {
  return JSON.stringify([label, score, language]);
}
