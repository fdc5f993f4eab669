/**
 * What a piece falls into when it is dropped: its best segmentation under the other pieces of `scores` (Viterbi). Every
 * character of it must be a piece.
 */
export function splitPiece(piece: string, scores: ReadonlyMap<string, number>): string[] {
  const characters = [...piece];
  const best = new Array<number>(characters.length + 1).fill(Number.NEGATIVE_INFINITY);
  const starts = new Array<number>(characters.length + 1).fill(0);
  best[0] = 0;
  for (let start = 0; start < characters.length; start++) {
    let part = "";
    for (let end = start + 1; end <= characters.length; end++) {
      part += characters[end - 1];
      const score = part.length === piece.length ? undefined : scores.get(part);
      if (score === undefined || (best[start] as number) + score <= (best[end] as number)) continue;
      best[end] = (best[start] as number) + score;
      starts[end] = start;
    }
  }
  return trace(characters, starts);
}

function trace(characters: readonly string[], starts: readonly number[]): string[] {
  const parts: string[] = [];
  for (let end = characters.length; end > 0; end = starts[end] as number) {
    parts.push(characters.slice(starts[end], end).join(""));
  }
  return parts.reverse();
}
