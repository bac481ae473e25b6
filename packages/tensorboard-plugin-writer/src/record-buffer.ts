import { maskedCrc } from './crc32c.ts'
import { putVarint, varintLength } from './varint.ts'

/** What stands around the data of a record: its length (8 bytes) and the length's CRC (4) before, the data's CRC (4) behind. */
const headerSize = 12
const frameSize = 16

/** CRCs of the lengths that most records have, once they are known. */
const lengthCrcs = new Float64Array(1024).fill(-1)
const lengthBytes = new Uint8Array(8)
const lengthView = new DataView(lengthBytes.buffer)

/** Records that wait to be written: TFRecord frames, one after the other, in one buffer. */
export class RecordBuffer {
  bytes: Uint8Array
  length = 0
  /** How many records it holds. */
  count = 0
  #view: DataView

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.bytes.buffer)
  }

  /** Adds a record with this data. */
  append(data: Uint8Array): void {
    const at = this.#open(data.length)
    this.bytes.set(data, at)
    this.#close(at, at + data.length)
  }

  /**
   * Adds the event of one scalar, straight into the buffer: the path that has to be fast.
   * @param prefix What stands between step and value, see `scalarPrefix`.
   */
  appendScalar(prefix: Uint8Array, value: number, step: number, wallTime: number): void {
    const stepLength = step === 0 ? 0 : 1 + varintLength(step)
    const start = this.#open(9 + stepLength + prefix.length + 4)
    const { bytes } = this
    bytes[start] = 0x09
    this.#view.setFloat64(start + 1, wallTime, true)
    let at = start + 9
    if (step !== 0) {
      bytes[at] = 0x10
      at = putVarint(bytes, at + 1, step)
    }
    for (let i = 0; i < prefix.length; i++) bytes[at++] = prefix[i]!
    this.#view.setFloat32(at, value, true)
    this.#close(start, at + 4)
  }

  clear(): void {
    this.length = 0
    this.count = 0
  }

  /** Writes the header of a record and gives the offset of its data. */
  #open(size: number): number {
    const needed = this.length + size + frameSize
    if (needed > this.bytes.length) this.#grow(needed)
    const at = this.length
    this.#view.setUint32(at, size, true)
    this.#view.setUint32(at + 4, Math.floor(size / 2 ** 32), true)
    this.#view.setUint32(at + 8, lengthCrc(size), true)
    return at + headerSize
  }

  #close(start: number, end: number): void {
    this.#view.setUint32(end, maskedCrc(this.bytes, start, end), true)
    this.length = end + 4
    this.count++
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, 2 * this.bytes.length))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
    this.#view = new DataView(grown.buffer)
  }
}

/** Gives the fields of an event from behind its step up to the number of a scalar: the same at each step. */
export function scalarPrefix(tag: string): Uint8Array {
  const name = Buffer.from(tag, 'utf8')
  const field = 1 + varintLength(name.length) + name.length
  const value = field + 5
  const summary = 1 + varintLength(value) + value
  const prefix = new Uint8Array(1 + varintLength(summary) + summary - 4)
  let at = 0
  for (const [key, length] of [
    [0x2a, summary],
    [0x0a, value],
    [0x0a, name.length],
  ] as const) {
    prefix[at] = key
    at = putVarint(prefix, at + 1, length)
  }
  prefix.set(name, at)
  prefix[at + name.length] = 0x15
  return prefix
}

function lengthCrc(size: number): number {
  const known = size < lengthCrcs.length ? lengthCrcs[size]! : -1
  if (known >= 0) return known
  lengthView.setUint32(0, size, true)
  lengthView.setUint32(4, Math.floor(size / 2 ** 32), true)
  const crc = maskedCrc(lengthBytes)
  if (size < lengthCrcs.length) lengthCrcs[size] = crc
  return crc
}
