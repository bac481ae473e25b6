/** Tells how many bytes a whole number takes as a varint; a negative one takes ten, as protobuf has it. */
export function varintLength(value: number): number {
  if (value < 0) return 10
  let length = 1
  for (let rest = value; rest >= 128; rest /= 128) length++
  return length
}

/** Writes a whole number at an offset, and gives the offset behind it. */
export function putVarint(bytes: Uint8Array, offset: number, value: number): number {
  let at = offset
  if (value < 0) return putBigVarint(bytes, at, BigInt.asUintN(64, BigInt(value)))
  let rest = value
  // Bit operations see 32 bits only.
  for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 128
  for (; rest > 127; rest >>>= 7) bytes[at++] = (rest & 127) | 128
  bytes[at++] = rest
  return at
}

function putBigVarint(bytes: Uint8Array, offset: number, value: bigint): number {
  let at = offset
  let rest = value
  for (; rest > 127n; rest >>= 7n) bytes[at++] = Number(rest & 127n) | 128
  bytes[at++] = Number(rest)
  return at
}
