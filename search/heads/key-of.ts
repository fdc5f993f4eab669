import type { EncodedTexts } from "../student/encoded-task.ts";

/** What a text is found by: the same for the same token ids. */
export function keyOf(ids: Int32Array): string {
  return ids.join();
}

/** What a text or a pair is found by. */
export function keyOfTexts({ ids, pairIds }: EncodedTexts): string {
  return pairIds === null ? keyOf(ids) : `${keyOf(ids)};${keyOf(pairIds)}`;
}
