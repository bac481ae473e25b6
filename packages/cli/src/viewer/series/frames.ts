/** Gives a part with its length before it, so that parts that follow each other can be told apart. */
export function framed(bytes: Uint8Array): [length: Uint8Array, bytes: Uint8Array] {
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, bytes.length, true)
  return [length, bytes]
}

/**
 * Takes parts with their lengths out of bytes that come in pieces of any size.
 * @yields the parts, each in memory of its own.
 * @throws if they end in the middle of a part.
 */
export async function* unframed(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<ArrayBuffer> {
  const length = new Uint8Array(4)
  let part: Uint8Array<ArrayBuffer> | undefined
  let filled = 0
  for await (const piece of pieces)
    for (let at = 0; at < piece.length;) {
      const target: Uint8Array<ArrayBuffer> = part ?? length
      const taken = piece.subarray(at, at + target.length - filled)
      target.set(taken, filled)
      filled += taken.length
      at += taken.length
      if (filled < target.length) continue
      if (part) yield part.buffer
      part = part ? undefined : new Uint8Array(new DataView(length.buffer).getUint32(0, true))
      filled = 0
    }
  if (part || filled > 0) throw new Error('the answer of the server is not whole')
}
