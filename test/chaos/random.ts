/** Numbers that a seed decides (mulberry32): the same run again with the same seed. */
export interface Random {
  /** 0 to n − 1. */
  below(n: number): number;
  /** One of a list. */
  of<T>(list: readonly T[]): T;
}

export function randomFrom(seed: number): Random {
  let state = seed;
  const below = (n: number) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
  return { below, of: (list) => list[below(list.length)]! };
}
