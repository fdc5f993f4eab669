import { createHmac, randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Result } from "../../src/contract/prediction.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Registry } from "../students/registry.ts";
import type { Student } from "../students/student.ts";

/** What is known of an item without asking the student again. */
export interface Remembered {
  /** By task. */
  readonly results: Readonly<Record<string, Result>>;
  readonly tokens: number;
  /** Tokens among them that are unknown pieces. */
  readonly unknown: number;
}

/**
 * Answers by the loading of a student, of the others that may answer with it, tasks and text. Keys are hashes under a secret of this
 * process, and answers hold no text, so that nobody can read from a dump of its memory what was asked, nor try whether a text was.
 */
export interface AnswerCache {
  /** Null when answers are not kept at all: then nothing needs to be hashed. */
  key(
    student: Student,
    generation: Registry["generation"],
    tasks: readonly string[],
    texts: readonly string[],
  ): string | null;
  get(key: string | null): Remembered | undefined;
  set(key: string | null, answer: Remembered): void;
  /** Items of a question that were remembered, and that were not; of the student that was asked. */
  count(items: Readonly<Record<"hits" | "misses", number>>): void;
}

/** @param entries answers that are kept, the least recently used goes first; 0 keeps none. */
export function createAnswerCache(entries: number, metrics: Pick<Metrics, "cache">): AnswerCache {
  if (entries === 0) return { key: () => null, get: () => undefined, set: () => {}, count: () => {} };
  const secret = randomBytes(32);
  const answers = new LRUCache<string, Remembered>({ max: entries });
  return {
    key: ({ id }, generation, tasks, texts) => {
      const subject = JSON.stringify([id, generation, tasks, texts]);
      return createHmac("sha256", secret).update(subject).digest("base64");
    },
    get: (key) => (key === null ? undefined : answers.get(key)),
    set: (key, answer) => {
      if (key !== null) answers.set(key, answer);
    },
    count: ({ hits, misses }) => {
      metrics.cache("hit", hits);
      metrics.cache("miss", misses);
    },
  };
}
