import { LRUCache } from "lru-cache";
import type { Result } from "../../src/contract/prediction.ts";

/** What one item of a reply was about, and what was said of it by task. */
export interface RepliedItem {
  readonly texts: readonly string[];
  readonly results: Readonly<Record<string, Result>>;
  /** Who said so: of a cascade, or beside a canary that failed, items of one reply have different ones. */
  readonly student: string;
  readonly version: string;
}

/** A reply that corrections may name by its request's id. Items that failed are undefined. */
export interface Reply {
  readonly items: readonly (RepliedItem | undefined)[];
}

/** Recent replies, in memory alone. Of each caller apart: nobody corrects, nor finds out of, what another asked. */
export interface ReplyMemory {
  remember(caller: string, requestId: string, reply: Reply): void;
  find(caller: string, requestId: string): Reply | undefined;
}

/** An item without its texts, roughly. */
const itemBytes = 400;

/** @param limitBytes about how much memory they may take; the least recent go first, and one that is larger is not kept. */
export function createReplyMemory(limitBytes: number): ReplyMemory {
  if (limitBytes === 0) return { remember: () => {}, find: () => undefined };
  const replies = new LRUCache<string, Reply>({ maxSize: limitBytes, sizeCalculation: sizeOf });
  const keyOf = (caller: string, requestId: string) => JSON.stringify([caller, requestId]);
  return {
    remember: (caller, requestId, reply) => void replies.set(keyOf(caller, requestId), reply),
    find: (caller, requestId) => replies.get(keyOf(caller, requestId)),
  };
}

function sizeOf({ items }: Reply): number {
  return items.reduce((sum, item) => sum + itemBytes + textBytes(item?.texts ?? []), itemBytes);
}

/** Two bytes a character at most. */
function textBytes(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + 2 * text.length, 0);
}
