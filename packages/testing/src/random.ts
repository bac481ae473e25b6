/** Gives numbers in [0, 1) that depend on nothing but the key. */
export function random(key: string | number): () => number {
  // FNV-1a, and a generator of 32 bits with a multiplicative finish (mulberry32).
  let state = 0x811c9dc5
  for (const character of String(key)) state = Math.imul(state ^ character.codePointAt(0)!, 0x01000193)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Gives numbers of the standard normal distribution (Box and Muller's method). */
export function normals(key: string | number, length: number, scale = 1): Float32Array {
  const next = random(key)
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  return Float32Array.from({ length }, () => scale * normal())
}
