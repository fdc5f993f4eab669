/** Seeded pseudo-random numbers (xoshiro128**, Blackman and Vigna 2018), so that a run can be repeated. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, bound). */
  int(bound: number): number;
  /** Standard normal (Box-Muller). */
  normal(): number;
  /** The whole state, to be stored in a checkpoint. */
  state(): readonly number[];
}

/** A generator from a seed, or from the state of an earlier one. */
export function createRandom(seed: number | readonly number[]): Random {
  const s = Uint32Array.from(typeof seed === "number" ? spread(seed) : seed);
  const next = () => nextUint32(s) / 2 ** 32;
  return {
    next,
    int: (bound) => Math.floor(next() * bound),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    state: () => Array.from(s),
  };
}

/** Fisher-Yates, in place; returns the same array. */
export function shuffle<T>(items: T[], random: Random): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.int(i + 1);
    [items[i], items[j]] = [items[j] as T, items[i] as T];
  }
  return items;
}

/** splitmix32: turns one number into four well-mixed words. */
function spread(seed: number): number[] {
  let z = seed | 0;
  return Array.from({ length: 4 }, () => {
    z = (z + 0x9e3779b9) | 0;
    let t = z ^ (z >>> 16);
    t = Math.imul(t, 0x21f0aaad);
    t = Math.imul(t ^ (t >>> 15), 0x735a2d97);
    return (t ^ (t >>> 15)) >>> 0;
  });
}

function nextUint32(s: Uint32Array): number {
  const [a, b, c, d] = s as unknown as [number, number, number, number];
  const result = Math.imul(rotl(Math.imul(b, 5), 7), 9) >>> 0;
  s[2] = c ^ a;
  s[3] = d ^ b;
  s[1] = b ^ (s[2] as number);
  s[0] = a ^ (s[3] as number);
  s[2] = (s[2] as number) ^ (b << 9);
  s[3] = rotl(s[3] as number, 11);
  return result;
}

function rotl(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}
