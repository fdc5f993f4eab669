/** What a text is found by: the same for the same token ids. */
export function keyOf(ids: Int32Array): string {
  return ids.join();
}
