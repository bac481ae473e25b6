/** Writes a whole number from 0 to 2^53 as a varint, and gives the offset behind it. */
export function putVarint(bytes: Uint8Array, offset: number, value: number): number {
  let at = offset
  let rest = value
  // Bit operations see 32 bits only.
  for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 128
  for (; rest > 127; rest >>>= 7) bytes[at++] = (rest & 127) | 128
  bytes[at++] = rest
  return at
}

/** Tells how many bytes a whole number takes as a varint. */
export function varintLength(value: number): number {
  let length = 1
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) length++
  return length
}
