/**
 * Seeded numbers in [0, 1), the same on every machine: Marsaglia's xorshift32 (2003) after one multiplicative scramble of the seed, so that
 * neighbouring seeds differ from the first draw. For simulated weather, never for keys.
 */
export function seededRandom(seed: number): () => number {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
