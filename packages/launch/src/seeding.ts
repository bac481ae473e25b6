/** Sets up everything random for a seed, and may give a function that takes it back. */
export type Seeding = (seed: number) => (() => void) | void

/** Lets `Math.random` give the numbers of a seed until the returned function is called. They are SplitMix32's. */
export function seedMathRandom(seed: number): () => void {
  const original = Math.random
  let state = seed | 0
  const random = (): number => {
    state = (state + 0x9e3779b9) | 0
    let bits = state ^ (state >>> 16)
    bits = Math.imul(bits, 0x21f0aaad)
    bits ^= bits >>> 15
    bits = Math.imul(bits, 0x735a2d97)
    return ((bits ^ (bits >>> 15)) >>> 0) / 2 ** 32
  }
  Math.random = random
  return () => {
    if (Math.random === random) Math.random = original
  }
}
