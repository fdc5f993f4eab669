/**
 * Kendall's τ-b of two rankings (Kendall 1945): 1 when every pair is in the same order, −1 when in the opposite one, with
 * ties taken out of the scale. NaN when one side is constant.
 */
export function kendallTau(a: readonly number[], b: readonly number[]): number {
  let [agreeing, pairsOfA, pairsOfB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      const orderOfA = Math.sign((a[i] as number) - (a[j] as number));
      const orderOfB = Math.sign((b[i] as number) - (b[j] as number));
      agreeing += orderOfA * orderOfB;
      pairsOfA += Math.abs(orderOfA);
      pairsOfB += Math.abs(orderOfB);
    }
  }
  return agreeing / Math.sqrt(pairsOfA * pairsOfB);
}

/** Position of each value among all, the least first; equal values share the mean of their positions. */
export function ranks(values: readonly number[]): number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    return below + (equal - 1) / 2;
  });
}
