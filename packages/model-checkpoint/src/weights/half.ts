/** Gives the number that 16 bits stand for: sign, 5 bits of exponent, 10 of fraction (IEEE 754). */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** Gives the numbers of bfloat16 bits, which are the upper halves of float32. */
export function fromBrainFloats(bits: ArrayLike<number>): Float32Array {
  return new Float32Array(Uint32Array.from(bits, (upper) => upper << 16).buffer)
}
