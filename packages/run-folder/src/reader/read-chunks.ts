import { closeSync, openSync, readSync } from 'node:fs'

/** Large enough that few lines are cut, small enough for the caches. */
const chunkSize = 1 << 20

/** What the last file was read into, for the next one: thousands of small files would leave as many behind. */
let spare: Buffer | undefined

/** A part of a file: whole lines, or at the end what comes after the last line break. */
export interface Chunk {
  /** Only until the next part is asked for. */
  readonly bytes: Buffer
  /** Where it ends, in bytes from the beginning of the file. */
  readonly end: number
  readonly isWhole: boolean
}

/**
 * Reads a file of lines from a position up to another, in parts, so that a large one needs little memory.
 * @yields the parts, in their order.
 */
export function* readChunks(path: string, from: number, to: number): Generator<Chunk> {
  const file = openSync(path, 'r')
  let buffer = spare ?? Buffer.allocUnsafe(chunkSize)
  spare = undefined
  try {
    let filled = 0
    let start = from
    for (;;) {
      const room = Math.min(buffer.length - filled, to - start - filled)
      const read = room > 0 ? readSync(file, buffer, filled, room, start + filled) : 0
      filled += read
      const whole = buffer.lastIndexOf(0x0a, filled - 1) + 1
      if (filled > 0 && whole > 0 && whole <= filled) {
        yield { bytes: buffer.subarray(0, whole), end: start + whole, isWhole: true }
        buffer.copyWithin(0, whole, filled)
        start += whole
        filled -= whole
      } else if (read === 0) {
        if (filled > 0) yield { bytes: buffer.subarray(0, filled), end: start + filled, isWhole: false }
        return
      } else if (filled === buffer.length) {
        // A line that is longer than the buffer.
        const larger = Buffer.allocUnsafe(buffer.length * 2)
        buffer.copy(larger, 0, 0, filled)
        buffer = larger
      }
    }
  } finally {
    if (buffer.length === chunkSize) spare = buffer
    closeSync(file)
  }
}
